import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';

/** A text file of the project. */
export interface ProjectFile {
  /** Below the project folder, with slashes. */
  readonly path: string;
  /** Below the model, seed or macro path that it was found in, with slashes. */
  readonly pathBelowRoot: string;
  readonly text: string;
}

/** Files below `roots` whose name ends with one of `endings`, by path; no file twice. */
export function readFiles(
  projectDir: string,
  roots: readonly string[],
  endings: readonly string[],
): ProjectFile[] {
  const found = new Map<string, ProjectFile>();
  for (const root of roots) {
    for (const file of walk(join(projectDir, root))) {
      if (!endings.some((ending) => file.endsWith(ending))) continue;
      const path = relative(projectDir, file).split(sep).join('/');
      if (found.has(path)) continue;
      const pathBelowRoot = relative(join(projectDir, root), file).split(sep).join('/');
      found.set(path, { path, pathBelowRoot, text: readFileSync(file, 'utf8') });
    }
  }
  return [...found.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

function walk(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? walk(path) : [path];
  });
}
