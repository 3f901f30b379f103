import {
  type BigIntStats,
  type Dirent,
  lstatSync,
  readdirSync,
  realpathSync,
  type Stats,
  statSync,
} from 'node:fs';
import { extname, join, sep } from 'node:path';
import type { Resource } from '../raw/resource.js';
import { type FileMark, markOf } from './file-memory.js';
import { type ReadResourcePath, type ResourcePath, resourcePathReader } from './resource-path.js';

/** A file that stands for the body of one GET response. */
export interface SourceFile extends ResourcePath {
  /** Where to read it: no link, but for those of the folders that it lies in. */
  readonly file: string;
  readonly sizeBytes: number;
  /** Undefined where it can't be looked at. */
  readonly mark: FileMark | undefined;
}

/** What a walk meets; paths are below the source, with slashes. */
export type Found =
  | { readonly kind: 'response'; readonly file: SourceFile }
  /** A folder, with a slash at its end, of which it is not known what it holds; or what is no file to read. */
  | { readonly kind: 'unreadable'; readonly path: string; readonly error: unknown }
  /** A file in a folder of responses that has the path of none. */
  | { readonly kind: 'passed over'; readonly path: string };

interface Walk {
  readonly directory: string;
  /** Where the source really lies: what a link leads to is read below it only. */
  readonly root: string;
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

/** Names in the longest path of a response. */
export function depthOf(resources: readonly Resource[]): number {
  return Math.max(...resources.flatMap(({ paths }) => paths.map((path) => path.split('/').length)));
}

/**
 * What the folders of responses hold, each in the order of names: only the names of one folder, and
 * of those that it lies in, are held at once.
 */
export function* walkFolders(directory: string, resources: readonly Resource[]): Generator<Found> {
  const paths = resources.flatMap((resource) => resource.paths);
  const walk: Walk = {
    directory,
    root: realpathSync(directory),
    readPath: resourcePathReader(resources),
    extensions: new Set(paths.map(extname)),
    depth: depthOf(resources),
  };
  for (const folder of foldersOf(resources)) {
    let stats: Stats | undefined;
    try {
      stats = lstatSync(join(directory, folder), { throwIfNoEntry: false });
    } catch (error) {
      yield { kind: 'unreadable', path: `${folder}/`, error };
      continue;
    }
    if (stats?.isSymbolicLink()) yield* walkLink(walk, folder);
    else if (stats !== undefined) yield* walkFolder(walk, folder);
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
    else yield* foundFile(walk, entryPath, join(walk.directory, entryPath), entry);
  }
}

/**
 * A link is followed where it leads to below the source: another one could have files landed that
 * are not the vendor's. One to a folder is, where that can hold responses, so that no circle is endless.
 */
function* walkLink(walk: Walk, path: string): Generator<Found> {
  const mayHold = path.split('/').length < walk.depth;
  const isResponse = walk.readPath(path) !== undefined;
  let target: string;
  let stats: Stats;
  try {
    target = realpathSync(join(walk.directory, path));
    stats = statSync(target);
  } catch (error) {
    if (isResponse) yield { kind: 'unreadable', path, error };
    else if (mayHold) yield { kind: 'unreadable', path: `${path}/`, error };
    return;
  }
  const isFolder = stats.isDirectory();
  if (isFolder && !mayHold) {
    yield { kind: 'passed over', path: `${path}/` };
  } else if ((isFolder || isResponse) && !isBelow(target, walk.root)) {
    const error = new Error(`it is a link out of the source, to ${target}`);
    yield { kind: 'unreadable', path: isFolder ? `${path}/` : path, error };
  } else if (isFolder) {
    yield* walkFolder(walk, path);
  } else {
    yield* foundFile(walk, path, target, stats);
  }
}

function isBelow(path: string, root: string): boolean {
  return path.startsWith(root.endsWith(sep) ? root : `${root}${sep}`);
}

function* foundFile(
  walk: Walk,
  path: string,
  file: string,
  kind: Pick<Stats, 'isFile'>,
): Generator<Found> {
  const response = walk.readPath(path);
  if (response === undefined) {
    if (walk.extensions.has(extname(path))) yield { kind: 'passed over', path };
  } else if (!kind.isFile()) {
    yield { kind: 'unreadable', path, error: noRegularFile() };
  } else {
    const stats = statsOf(file);
    const sizeBytes = Number(stats?.size ?? 0);
    const mark = stats && markOf(stats, Date.now());
    yield { kind: 'response', file: { ...response, file, sizeBytes, mark } };
  }
}

/** Of what is neither a file nor a folder: reading it could wait, or go on, for ever. */
export function noRegularFile(): Error {
  return new Error('it is a pipe, socket or device, no regular file');
}

/** Undefined for a file that vanishes meanwhile, or cannot be looked at: it is met again when it is read. */
function statsOf(file: string): BigIntStats | undefined {
  try {
    return statSync(file, { bigint: true });
  } catch {
    return undefined;
  }
}
