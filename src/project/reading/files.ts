import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import ignore from 'ignore';
import { BeltError } from '../../errors.js';

/** A text file of the project. */
export interface ProjectFile {
  /** Below the project folder, with slashes. */
  readonly path: string;
  /** Below the model, seed or macro path that it was found in, with slashes. */
  readonly pathBelowRoot: string;
  readonly text: string;
}

const IGNORE_FILE = '.dbtignore';

/** Which paths of a project its .dbtignore leaves out, by the patterns of .gitignore. */
export function ignoredPaths(projectDir: string): (path: string) => boolean {
  const file = readFile(projectDir, IGNORE_FILE);
  if (file === undefined) return () => false;
  const patterns = ignore().add(file.text);
  // as in .gitignore, no pattern is of what lies outside
  return (path) => !path.startsWith('../') && patterns.ignores(path);
}

/**
 * Files below `roots` whose name ends with one of `endings`, by path; no file twice, and none
 * that is left out. A root that is not there has none. Throws a BeltError for what cannot be read.
 */
export function readFiles(
  projectDir: string,
  roots: readonly string[],
  endings: readonly string[],
  isLeftOut: (path: string) => boolean,
): ProjectFile[] {
  const found = new Map<string, ProjectFile>();
  for (const root of roots) {
    const folder = join(projectDir, root);
    for (const file of existsSync(folder) ? filesBelow(projectDir, folder) : []) {
      const path = below(projectDir, file);
      if (!endings.some((ending) => file.endsWith(ending)) || isLeftOut(path)) continue;
      if (found.has(path)) continue;
      found.set(path, { path, pathBelowRoot: below(folder, file), text: textOf(projectDir, file) });
    }
  }
  return [...found.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** A file of the project; undefined where it is not there. Throws a BeltError if it can't be read. */
export function readFile(projectDir: string, path: string): ProjectFile | undefined {
  const file = join(projectDir, path);
  if (!existsSync(file)) return undefined;
  return { path, pathBelowRoot: path, text: textOf(projectDir, file) };
}

function textOf(projectDir: string, file: string): string {
  return readable(projectDir, file, () => readFileSync(file, 'utf8'));
}

/** Files below a folder; links are followed. */
function filesBelow(projectDir: string, folder: string): string[] {
  const entries = readable(projectDir, folder, () => readdirSync(folder, { withFileTypes: true }));
  return entries.flatMap((entry) => {
    const path = join(folder, entry.name);
    const isFolder = entry.isSymbolicLink()
      ? readable(projectDir, path, () => statSync(path).isDirectory())
      : entry.isDirectory();
    return isFolder ? filesBelow(projectDir, path) : [path];
  });
}

function readable<T>(projectDir: string, path: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    const file = below(projectDir, path);
    throw new BeltError(`${file} cannot be read: ${(cause as Error).message}`, {
      location: { file },
      hint: 'Give belt the right to read it, mend the link, or move it out of the project.',
      cause,
    });
  }
}

function below(folder: string, file: string): string {
  return relative(folder, file).split(sep).join('/');
}
