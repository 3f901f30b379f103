import { type Dirent, readdirSync, statSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { BeltError } from '../errors.js';
import { parseResourcePath, type ResourcePath } from './resource.js';

/** A file that stands for the body of one GET response. */
export interface SourceFile extends ResourcePath {
  readonly file: string;
  readonly sizeBytes: number;
}

/** The responses of a directory, pages of assets first, then telemetry by path. */
export function listDirectory(directory: string): SourceFile[] {
  const folders = ['assets', 'telemetry'].map((name) => join(directory, name));
  const stats = statSync(directory, { throwIfNoEntry: false });
  if (stats === undefined || !stats.isDirectory()) {
    throw new BeltError(
      `The source ${directory} ${stats === undefined ? 'does not exist' : 'is no directory'}.`,
      { hint: 'Name the directory that holds assets/ and telemetry/: belt land --source DIR.' },
    );
  }
  const files = folders.flatMap((folder) => jsonFiles(folder));
  if (files.length === 0) {
    throw new BeltError(`The source ${directory} holds no response.`, {
      hint: 'It should hold assets/*.json and telemetry/<deviceId>.json.',
    });
  }
  return files.flatMap((file) => {
    const resource = parseResourcePath(relative(directory, file).split(sep).join('/'));
    return resource === undefined ? [] : [{ ...resource, file, sizeBytes: statSync(file).size }];
  });
}

function jsonFiles(folder: string): string[] {
  let entries: Dirent[];
  try {
    entries = readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
  return entries
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return jsonFiles(path);
      return entry.name.endsWith('.json') ? [path] : [];
    });
}
