import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream, statSync } from 'node:fs';
import { open, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { constants, createBrotliCompress } from 'node:zlib';

/** An archive is written once and kept for years: worth a slow quality, and the largest window. */
const BROTLI = {
  params: {
    [constants.BROTLI_PARAM_QUALITY]: 9,
    [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
  },
};

/** What a name ends with until its file is complete. */
const PARTIAL = '.partial';

export interface WrittenFile {
  readonly bytes: number;
  /** In hex. */
  readonly sha256: string;
}

/** Writes compressed lines beside `path`, where nobody takes them for complete. */
export async function writePartial(
  path: string,
  lines: AsyncIterable<string> | Iterable<string>,
): Promise<WrittenFile> {
  const hash = createHash('sha256');
  let bytes = 0;
  const measure = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      bytes += chunk.length;
      done(null, chunk);
    },
  });
  await pipeline(
    Readable.from(lines),
    createBrotliCompress(BROTLI),
    measure,
    createWriteStream(path + PARTIAL),
  );
  return { bytes, sha256: hash.digest('hex') };
}

/** The path of a file while it is written. */
export function partialOf(path: string): string {
  return path + PARTIAL;
}

/** Puts a file that was written beside `path` there, so that it outlasts a crash. */
export async function publishPartial(path: string): Promise<void> {
  await sync(path + PARTIAL);
  await rename(path + PARTIAL, path);
  await sync(dirname(path));
}

async function sync(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** SHA-256 of a file as it is on the disk, in hex. */
export async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) hash.update(chunk);
  return hash.digest('hex');
}

/** Writes a small file as a whole, so that it outlasts a crash. */
export async function writeDurable(path: string, text: string): Promise<void> {
  await writeFile(path + PARTIAL, text);
  await publishPartial(path);
}

export function sizeOfFile(folder: string, file: string): number {
  return statSync(join(folder, file)).size;
}
