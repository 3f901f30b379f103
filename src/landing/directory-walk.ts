import { type Dirent, lstatSync, readdirSync, type Stats, statSync } from 'node:fs';
import { extname, join } from 'node:path';
import type { Resource } from '../raw/resource.js';
import { type ReadResourcePath, type ResourcePath, resourcePathReader } from './resource-path.js';

/** A file that stands for the body of one GET response. */
export interface SourceFile extends ResourcePath {
  readonly file: string;
  readonly sizeBytes: number;
}

/** What a walk meets; paths are below the source, with slashes. */
export type Found =
  | { readonly kind: 'response'; readonly file: SourceFile }
  /** A folder, with a slash at its end: which responses it holds is not known. */
  | { readonly kind: 'unreadable'; readonly path: string; readonly error: unknown }
  /** A file in a folder of responses that has the path of none. */
  | { readonly kind: 'passed over'; readonly path: string };

interface Walk {
  readonly directory: string;
  readonly readPath: ReadResourcePath;
  readonly extensions: ReadonlySet<string>;
  /** Names in the longest path of a response. */
  readonly depth: number;
}

/** The folders right below a source that hold responses, in the order of the resources. */
export function foldersOf(resources: readonly Resource[]): string[] {
  const paths = resources.flatMap((resource) => resource.paths);
  return [...new Set(paths.map((path) => path.split('/')[0] ?? ''))];
}

/**
 * What the folders of responses hold, each in the order of names: only the names of one folder, and
 * of those that it lies in, are held at once.
 */
export function* walkFolders(directory: string, resources: readonly Resource[]): Generator<Found> {
  const paths = resources.flatMap((resource) => resource.paths);
  const walk: Walk = {
    directory,
    readPath: resourcePathReader(resources),
    extensions: new Set(paths.map(extname)),
    depth: Math.max(...paths.map((path) => path.split('/').length)),
  };
  for (const folder of foldersOf(resources)) {
    try {
      if (lstatSync(join(directory, folder), { throwIfNoEntry: false }) === undefined) continue;
    } catch (error) {
      yield { kind: 'unreadable', path: `${folder}/`, error };
      continue;
    }
    yield* walkFolder(walk, folder);
  }
}

function* walkFolder(walk: Walk, path: string): Generator<Found> {
  let entries: Dirent[];
  try {
    entries = readdirSync(join(walk.directory, path), { withFileTypes: true });
  } catch (error) {
    yield { kind: 'unreadable', path: `${path}/`, error };
    return;
  }
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    const entryPath = `${path}/${entry.name}`;
    if (entry.isDirectory()) yield* walkFolder(walk, entryPath);
    else if (entry.isSymbolicLink()) yield* walkLink(walk, entryPath);
    else yield* foundFile(walk, entryPath);
  }
}

/** A link to a folder is followed where the folder can hold responses, so that no circle is endless. */
function* walkLink(walk: Walk, path: string): Generator<Found> {
  const mayHold = path.split('/').length < walk.depth;
  const response = walk.readPath(path);
  let stats: Stats;
  try {
    stats = statSync(join(walk.directory, path));
  } catch (error) {
    if (response !== undefined) yield* foundFile(walk, path);
    else if (mayHold) yield { kind: 'unreadable', path: `${path}/`, error };
    return;
  }
  if (!stats.isDirectory()) yield* foundFile(walk, path);
  else if (mayHold) yield* walkFolder(walk, path);
  else yield { kind: 'passed over', path: `${path}/` };
}

function* foundFile(walk: Walk, path: string): Generator<Found> {
  const response = walk.readPath(path);
  if (response !== undefined) {
    const file = join(walk.directory, path);
    yield { kind: 'response', file: { ...response, file, sizeBytes: sizeOf(file) } };
  } else if (walk.extensions.has(extname(path))) {
    yield { kind: 'passed over', path };
  }
}

/** 0 for a file that vanishes meanwhile, or cannot be looked at: it is met again when it is read. */
function sizeOf(file: string): number {
  try {
    return statSync(file).size;
  } catch {
    return 0;
  }
}
