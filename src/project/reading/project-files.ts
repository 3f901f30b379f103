import { BeltError } from '../../errors.js';
import type { Diagnostics } from '../faults.js';
import { ignoredPaths, type ProjectFile, readFile, readFiles } from './files.js';
import type { ProjectConfig } from './project-config.js';
import { readYaml } from './yaml-file.js';

/** The files of a project, each read once. */
export interface ProjectFiles {
  readonly macros: readonly ProjectFile[];
  readonly models: readonly ProjectFile[];
  readonly seeds: readonly ProjectFile[];
  readonly snapshots: readonly ProjectFile[];
  /** Singular tests. */
  readonly tests: readonly ProjectFile[];
  /** Rows of unit tests. */
  readonly fixtures: readonly ProjectFile[];
  readonly properties: readonly ProjectFile[];
  readonly docs: readonly ProjectFile[];
}

/** Reads the files of a project. Throws a BeltError for one that cannot be read. */
export function readProjectFiles(
  projectDir: string,
  config: ProjectConfig,
  diagnostics: Diagnostics,
): ProjectFiles {
  const { modelPaths, seedPaths, macroPaths, snapshotPaths, testPaths, docsPaths } = config;
  const inTests = (folder: string) => testPaths.map((path) => `${path}/${folder}`);
  const isIgnored = ignoredPaths(projectDir);
  const read = (roots: readonly string[], ...endings: string[]) =>
    readFiles(projectDir, roots, endings, isIgnored);
  const macros = read([...macroPaths, ...inTests('generic')], '.sql');
  const fixtures = read(inTests('fixtures'), '.csv', '.sql');
  const others = new Set([...macros, ...fixtures].map(({ path }) => path));
  const sql = (roots: readonly string[]) =>
    readFiles(projectDir, roots, ['.sql'], (path) => isIgnored(path) || others.has(path));
  for (const { path } of read(modelPaths, '.py')) {
    diagnostics.fault(
      new BeltError(`${path} is a model in Python, and belt runs models in SQL.`, {
        location: { file: path, line: 1 },
        hint: 'Write it in SQL, or move it out of the model paths.',
      }),
    );
  }
  for (const name of ['packages.yml', 'dependencies.yml']) tellPackages(name);
  return {
    macros,
    models: sql(modelPaths),
    seeds: read(seedPaths, '.csv'),
    snapshots: sql(snapshotPaths),
    tests: sql(testPaths),
    fixtures,
    properties: read(
      [...modelPaths, ...seedPaths, ...macroPaths, ...snapshotPaths, ...testPaths],
      '.yml',
      '.yaml',
    ),
    docs: read(docsPaths, '.md'),
  };

  /** Packages bring models and macros, so to leave them out would build something else. */
  function tellPackages(name: string): void {
    const file = readFile(projectDir, name);
    if (file === undefined) return;
    const yaml = readYaml(file);
    for (const key of ['packages', 'projects']) {
      const listed = yaml.value[key];
      if (listed === undefined || listed === null) continue;
      if (Array.isArray(listed) && listed.length === 0) continue;
      const hint = 'Copy the macros and models that you use into this project, and empty the list.';
      diagnostics.fault(
        yaml.fault(`${name} lists ${key}, which belt does not install.`, hint, [key]),
      );
    }
  }
}
