import { createReadStream, statSync } from 'node:fs';
import { join } from 'node:path';
import { createBrotliDecompress } from 'node:zlib';
import { BeltError } from '../../errors.js';
import type { ArchiveIndex } from './archive-index.js';
import { hashFile } from './durable-file.js';

/** Throws a BeltError unless a file of responses is, to the byte, what its index says. */
export async function verifyFile(folder: string, index: ArchiveIndex): Promise<void> {
  const path = join(folder, index.file);
  const size = statSync(path, { throwIfNoEntry: false })?.size;
  if (size === index.bytes) {
    if ((await hashFile(path)) === index.sha256) return;
  }
  throw new BeltError(
    size === undefined
      ? `${path} is missing, which the archive's index names.`
      : `${path} is not what the archive's index says of it: its checksum is another one.`,
    { location: { file: path }, hint: 'Bring the file back from a copy of the archive.' },
  );
}

const NEWLINE = 0x0a;

/** The lines of a compressed file. JSON text may hold other line separators, so that only \n counts. */
export async function* readLines(path: string): AsyncGenerator<string> {
  const source = createReadStream(path);
  const text = source.pipe(createBrotliDecompress());
  source.on('error', (error) => text.destroy(error));
  let begun: Buffer[] = [];
  for await (const chunk of text as AsyncIterable<Buffer>) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      yield Buffer.concat([...begun, chunk.subarray(start, end)]).toString('utf8');
      begun = [];
      start = end + 1;
    }
    begun.push(chunk.subarray(start));
  }
}

/** Throws a BeltError unless a file can be read to its end, and holds these many responses. */
export async function verifyLines(path: string, documents: number): Promise<void> {
  let lines = 0;
  for await (const _line of readLines(path)) lines++;
  if (lines === documents) return;
  throw new BeltError(`${path} holds ${lines} responses, not the ${documents} that were written.`, {
    location: { file: path },
    hint: 'Nothing was dropped. Look whether the disk is sound, and run it again.',
  });
}
