import { type Stats, statSync } from 'node:fs';
import { BeltError } from '../errors.js';
import { countText } from '../format.js';
import type { Resource } from '../raw/resource.js';
import type { PassedOver } from './batch.js';
import { type Found, foldersOf, walkFolders } from './directory-walk.js';

/** Throws a BeltError where there is no such directory. */
export function checkDirectory(directory: string, resources: readonly Resource[]): void {
  const problem = problemOf(directory);
  if (problem === undefined) return;
  throw new BeltError(`The source ${directory} ${problem}.`, {
    hint: `Name the directory that holds ${foldersOf(resources).join('/ and ')}/: belt land --source DIR.`,
  });
}

function problemOf(directory: string): string | undefined {
  let stats: Stats | undefined;
  try {
    stats = statSync(directory, { throwIfNoEntry: false });
  } catch (error) {
    return `cannot be read: ${(error as Error).message}`;
  }
  if (stats === undefined) return 'does not exist';
  return stats.isDirectory() ? undefined : 'is no directory';
}

/** Told of a directory in which no response was found, but maybe files with other paths. */
export function noResponse(
  directory: string,
  resources: readonly Resource[],
  { files, example }: PassedOver,
): BeltError {
  const others =
    files === 0 ? '' : `, but ${countText(files, 'file')} with other paths, such as ${example}`;
  return new BeltError(`The source ${directory} holds no response${others}.`, {
    hint: `It should hold ${resources.flatMap(({ paths }) => paths).join(' or ')}.`,
  });
}

/** Bytes of all responses of a directory. */
export function measureDirectory(directory: string, resources: readonly Resource[]): number {
  let bytes = 0;
  for (const found of walkFolders(directory, resources)) {
    if (found.kind === 'response') bytes += found.file.sizeBytes;
  }
  return bytes;
}

/** What a directory holds, at most `size` finds at a time. */
export function* walkDirectory(
  directory: string,
  resources: readonly Resource[],
  size: number,
): Generator<Found[]> {
  let window: Found[] = [];
  for (const found of walkFolders(directory, resources)) {
    window.push(found);
    if (window.length < size) continue;
    yield window;
    window = [];
  }
  if (window.length > 0) yield window;
}
