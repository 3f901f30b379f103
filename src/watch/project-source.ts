import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { BeltError } from '../errors.js';
import { countText } from '../format.js';
import { ProjectFaults } from '../project/faults.js';
import type { Project } from '../project/project.js';
import type { Faults } from './faults.js';

/** A project that is read once, and again when one of its files changes. */
export class ProjectSource {
  readonly #load: () => Project;
  readonly #faults: Faults;
  #project: Project;
  #mark: string;

  constructor(project: Project, load: () => Project, faults: Faults) {
    this.#project = project;
    this.#load = load;
    this.#faults = faults;
    this.#mark = markOf(project);
  }

  /** The project as its files are now; as it was before where they hold a fault, which is told. */
  current(): Project {
    try {
      const before = this.#mark;
      // of files that cannot be looked at it is not known: they are read again when they can be
      this.#mark = '';
      this.#mark = markOf(this.#project);
      if (this.#mark === before) return this.#project;
      this.#project = this.#load();
      // it may have other folders now
      this.#mark = markOf(this.#project);
      this.#faults.clear('project');
    } catch (error) {
      this.#faults.raise('project', firstOf(error));
    }
    return this.#project;
  }
}

/** What is told in a line of all that is wrong with a project. */
function firstOf(error: unknown): unknown {
  if (!(error instanceof ProjectFaults)) return error;
  const [first, ...more] = error.faults;
  if (first === undefined || more.length === 0) return first ?? error;
  const { message, location, hint } = first;
  const rest = `(and ${countText(more.length, 'more fault')}: \`belt list\` tells all)`;
  return new BeltError(`${message} ${rest}`, { location, hint });
}

/** Tells one state of the files of a project from another: by their names, sizes and times. */
function markOf({ projectDir, config }: Project): string {
  const { modelPaths, seedPaths, macroPaths, snapshotPaths, testPaths, docsPaths } = config;
  const folders = [modelPaths, seedPaths, macroPaths, snapshotPaths, testPaths, docsPaths].flat();
  const files = ['dbt_project.yml', ...new Set(folders)].flatMap((path) =>
    filesBelow(join(projectDir, path)),
  );
  return files.join('\n');
}

function filesBelow(path: string): string[] {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return [];
  if (!stats.isDirectory()) return [`${path} ${stats.size} ${stats.mtimeMs}`];
  return readdirSync(path).flatMap((name) => filesBelow(join(path, name)));
}
