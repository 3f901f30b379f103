import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { noRegularFile, type SourceFile } from './directory-walk.js';

/** Not through a link, and without waiting for the other end of a pipe, that was put there meanwhile. */
const FLAGS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/** Opens a file of a source for reading, and gives its size by now; throws where it is no regular file. */
export async function openFile({
  file,
}: SourceFile): Promise<{ readonly handle: FileHandle; readonly sizeBytes: number }> {
  const handle = await open(file, FLAGS);
  try {
    const stats = await handle.stat();
    if (!stats.isFile()) throw noRegularFile();
    return { handle, sizeBytes: stats.size };
  } catch (error) {
    await handle.close();
    throw error;
  }
}
