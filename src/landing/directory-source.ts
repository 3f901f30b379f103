import { type Dirent, readdirSync, statSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { BeltError } from '../errors.js';
import type { Resource } from '../raw/resource.js';
import { type ReadResourcePath, type ResourcePath, resourcePathReader } from './resource-path.js';

/** A file that stands for the body of one GET response. */
export interface SourceFile extends ResourcePath {
  readonly file: string;
  readonly sizeBytes: number;
}

/** How much a directory holds. */
export interface DirectorySize {
  readonly files: number;
  readonly bytes: number;
}

/** Counts the responses of a directory; an error where there is none. */
export function measureDirectory(directory: string, resources: readonly Resource[]): DirectorySize {
  const stats = statSync(directory, { throwIfNoEntry: false });
  if (stats === undefined || !stats.isDirectory()) {
    throw new BeltError(
      `The source ${directory} ${stats === undefined ? 'does not exist' : 'is no directory'}.`,
      {
        hint: `Name the directory that holds ${foldersOf(resources).join('/ and ')}/: belt land --source DIR.`,
      },
    );
  }
  const readPath = resourcePathReader(resources);
  let found = false;
  let files = 0;
  let bytes = 0;
  for (const folder of foldersOf(resources)) {
    for (const file of jsonFiles(join(directory, folder))) {
      found = true;
      const response = sourceFile(directory, file, readPath);
      if (response === undefined) continue;
      files++;
      bytes += response.sizeBytes;
    }
  }
  if (!found) {
    throw new BeltError(`The source ${directory} holds no response.`, {
      hint: `It should hold ${pathsOf(resources).join(' or ')}.`,
    });
  }
  return { files, bytes };
}

/**
 * The responses of a directory, by folder in the order of the resources, then by path, at most
 * `size` at a time: only the names of a folder are held at once, never those of the whole directory.
 */
export function* walkDirectory(
  directory: string,
  resources: readonly Resource[],
  size: number,
): Generator<SourceFile[]> {
  const readPath = resourcePathReader(resources);
  let window: SourceFile[] = [];
  for (const folder of foldersOf(resources)) {
    for (const file of jsonFiles(join(directory, folder))) {
      const response = sourceFile(directory, file, readPath);
      if (response === undefined) continue;
      window.push(response);
      if (window.length < size) continue;
      yield window;
      window = [];
    }
  }
  if (window.length > 0) yield window;
}

function pathsOf(resources: readonly Resource[]): string[] {
  return resources.flatMap((resource) => resource.paths);
}

/** The folders right below a source that hold responses. */
function foldersOf(resources: readonly Resource[]): string[] {
  return [...new Set(pathsOf(resources).map((path) => path.split('/')[0] ?? ''))];
}

function sourceFile(
  directory: string,
  file: string,
  readPath: ReadResourcePath,
): SourceFile | undefined {
  const resource = readPath(relative(directory, file).split(sep).join('/'));
  if (resource === undefined) return undefined;
  // a file that vanishes meanwhile is met again, as unreadable, when it is read
  const sizeBytes = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  return { ...resource, file, sizeBytes };
}

function* jsonFiles(folder: string): Generator<string> {
  let entries: Dirent[];
  try {
    entries = readdirSync(folder, { withFileTypes: true });
  } catch {
    return;
  }
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* jsonFiles(path);
    else if (entry.name.endsWith('.json')) yield path;
  }
}
