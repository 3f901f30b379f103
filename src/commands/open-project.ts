import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parse } from 'yaml';
import { readEarlierState } from '../artifacts/write-artifacts.js';
import { UsageError } from '../errors.js';
import { BUNDLED_PROJECT } from '../folders.js';
import { loadConfig, loadProject } from '../project/load-project.js';
import { readProfile } from '../project/profiles.js';
import type { Project } from '../project/project.js';
import { isMap } from '../project/reading/yaml-file.js';
import { type Selection, selectNodes } from '../project/selecting/selection.js';
import { selectorOf } from '../project/selecting/selectors-file.js';
import type { Target } from '../project/target.js';
import type { ProjectOptions, SelectionFlags } from './project-options.js';
import { reportWarnings } from './report-fault.js';

/** A project as a command works with it. */
export interface OpenProject<O extends ProjectOptions> {
  readonly project: Project;
  /** Where its artifacts are written. */
  readonly artifacts: string;
  /** The options, with the database of the profile where none is named otherwise. */
  readonly options: O;
  readonly threads: number;
}

/**
 * The project of --project-dir, of the working folder, or the one that comes with belt. What belt
 * does not act upon is told.
 */
export function openProject<O extends ProjectOptions>(options: O): OpenProject<O> {
  const projectDir = projectFolder(options) ?? BUNDLED_PROJECT;
  const loading = loadingOf(options, projectDir);
  const profile = profileOf(options, projectDir, loading);
  const target = profile?.target ?? DEFAULT_TARGET;
  const threads = options.threads ?? target.threads;
  const project = loadProject({ ...loading, target: { ...target, threads } });
  reportWarnings([...(profile?.warnings ?? []), ...project.warnings], options.logFormat);
  return {
    project,
    artifacts: artifactsFolder(options),
    options: profile === undefined ? options : { ...options, profileUrl: profile.databaseUrl },
    threads,
  };
}

/** Where the artifacts of a project are written: it need not have its vars for that. */
export function artifactsFolder(options: ProjectOptions): string {
  const own = projectFolder(options);
  const { targetPath } = loadConfig(loadingOf(options, own ?? BUNDLED_PROJECT));
  // the bundled project may lie where nothing can be written
  return resolve(own ?? '.', targetPath);
}

/** The folder of a project of one's own; undefined where belt's is to be used. */
function projectFolder({ projectDir }: ProjectOptions): string | undefined {
  const own = resolve(projectDir ?? '.');
  if (existsSync(join(own, 'models')) || existsSync(join(own, 'dbt_project.yml'))) return own;
  if (projectDir === undefined) return undefined;
  throw new UsageError(`${projectDir} holds no project.`, {
    hint: 'A project has a folder models/, or a dbt_project.yml.',
  });
}

function loadingOf({ vars }: ProjectOptions, projectDir: string) {
  return { projectDir, target: DEFAULT_TARGET, vars: parseVars(vars), env: process.env };
}

/** Belt's own target: it runs models four at a time, as many as the tables of a battery have. */
const DEFAULT_TARGET: Target = {
  name: 'default',
  type: 'postgres',
  schema: 'public',
  database: 'postgres',
  threads: 4,
};

function profileOf(
  options: ProjectOptions,
  projectDir: string,
  loading: Parameters<typeof loadConfig>[0],
) {
  const name = existsSync(join(projectDir, 'dbt_project.yml'))
    ? loadConfig(loading).profile
    : undefined;
  const found =
    name === undefined
      ? undefined
      : readProfile({
          projectDir,
          profile: name,
          targetName: options.target,
          profilesDir: options.profilesDir,
          env: process.env,
        });
  if (found === undefined && options.target !== undefined && options.target !== 'default') {
    throw new UsageError(
      `There is no target ${options.target}: no profiles.yml was found for it.`,
      {
        hint: 'Name the folder of profiles.yml by --profiles-dir, and the profile in dbt_project.yml.',
      },
    );
  }
  return found;
}

function parseVars(text: string | undefined): Record<string, unknown> {
  if (text === undefined) return {};
  try {
    const value: unknown = parse(text);
    if (isMap(value)) return value;
  } catch {
    // told below, as any other text that is no dictionary
  }
  throw new UsageError('--vars is not a dictionary of YAML or JSON.', {
    hint: `Write it as --vars '{alert_state_of_charge_percent: 15}'.`,
  });
}

/** The nodes that the flags of a command select. */
export function selectionOf(project: Project, flags: SelectionFlags): Selection {
  const { select = [], exclude = [], selector, indirectSelection, state } = flags;
  if (selector !== undefined && select.length > 0) {
    throw new UsageError('--selector and --select are given both.', {
      hint: 'Use one of them: a selector of selectors.yml can name all that --select can.',
    });
  }
  return selectNodes(project, select, exclude, {
    ...(indirectSelection === undefined ? {} : { indirect: indirectSelection }),
    earlier: state === undefined ? undefined : readEarlierState(state),
    selector: select.length > 0 ? undefined : selectorOf(project.projectDir, selector),
  });
}
