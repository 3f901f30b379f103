import type { SourceFile } from './directory-walk.js';
import { openFile, readFileAtOnce } from './open-file.js';

/** A file with its bytes; with the error where they cannot be read, with neither where it is large. */
export interface ReadFile {
  readonly file: SourceFile;
  readonly content: Buffer | undefined;
  readonly error: unknown;
}

/** Files that are being read at a time, and their bytes. */
const AHEAD_FILES = 32;
const AHEAD_BYTES = 4 * 1024 * 1024;

/** Files up to this size that were written lately are read at once. */
const QUICK_BYTES = 64 * 1024;

/**
 * Reads files in order, and those that follow meanwhile: small files cost the waiting for the disk
 * more than the reading. Files above `maxBytes` are given unread.
 */
export async function* readAhead(
  files: Iterable<SourceFile>,
  maxBytes: number,
): AsyncGenerator<ReadFile> {
  const ahead: { readonly bytes: number; readonly reading: Promise<ReadFile> }[] = [];
  let aheadBytes = 0;
  for (const file of files) {
    const bytes = file.sizeBytes > maxBytes ? 0 : file.sizeBytes;
    ahead.push({ bytes, reading: read(file, maxBytes) });
    aheadBytes += bytes;
    while (ahead.length > AHEAD_FILES || (aheadBytes > AHEAD_BYTES && ahead.length > 1)) {
      const first = ahead.shift();
      if (first === undefined) break;
      yield await first.reading;
      aheadBytes -= first.bytes;
    }
  }
  for (const { reading } of ahead) yield await reading;
}

async function read(file: SourceFile, maxBytes: number): Promise<ReadFile> {
  if (file.sizeBytes > maxBytes) return { file, content: undefined, error: undefined };
  try {
    const isQuick = file.mark?.isFresh === true && file.sizeBytes <= QUICK_BYTES;
    const quick = isQuick ? readFileAtOnce(file, Math.min(maxBytes, QUICK_BYTES)) : undefined;
    if (quick !== undefined) return { file, content: quick, error: undefined };
    const { handle, sizeBytes } = await openFile(file);
    try {
      const content = sizeBytes > maxBytes ? undefined : await handle.readFile();
      return { file, content, error: undefined };
    } finally {
      await handle.close();
    }
  } catch (error) {
    return { file, content: undefined, error };
  }
}
