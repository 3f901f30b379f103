import { type Dirent, readdirSync, statSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { BeltError } from '../errors.js';
import { parseResourcePath, type ResourcePath } from './resource.js';

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
export function measureDirectory(directory: string): DirectorySize {
  const stats = statSync(directory, { throwIfNoEntry: false });
  if (stats === undefined || !stats.isDirectory()) {
    throw new BeltError(
      `The source ${directory} ${stats === undefined ? 'does not exist' : 'is no directory'}.`,
      { hint: 'Name the directory that holds assets/ and telemetry/: belt land --source DIR.' },
    );
  }
  let found = false;
  let files = 0;
  let bytes = 0;
  for (const folder of FOLDERS) {
    for (const file of jsonFiles(join(directory, folder))) {
      found = true;
      const response = sourceFile(directory, file);
      if (response === undefined) continue;
      files++;
      bytes += response.sizeBytes;
    }
  }
  if (!found) {
    throw new BeltError(`The source ${directory} holds no response.`, {
      hint: 'It should hold assets/*.json and telemetry/<deviceId>.json.',
    });
  }
  return { files, bytes };
}

/**
 * The responses of a directory, pages of assets first, then telemetry by path, at most `size` at a
 * time: only the names of a folder are held at once, never those of the whole directory.
 */
export function* walkDirectory(directory: string, size: number): Generator<SourceFile[]> {
  let window: SourceFile[] = [];
  for (const folder of FOLDERS) {
    for (const file of jsonFiles(join(directory, folder))) {
      const response = sourceFile(directory, file);
      if (response === undefined) continue;
      window.push(response);
      if (window.length < size) continue;
      yield window;
      window = [];
    }
  }
  if (window.length > 0) yield window;
}

const FOLDERS = ['assets', 'telemetry'];

function sourceFile(directory: string, file: string): SourceFile | undefined {
  const resource = parseResourcePath(relative(directory, file).split(sep).join('/'));
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
