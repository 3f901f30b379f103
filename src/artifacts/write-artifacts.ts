import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { UsageError } from '../errors.js';
import { nodeOf, type Project } from '../project/project.js';
import { type EarlierState, earlierState } from '../project/selecting/state.js';
import type { NodeResult } from '../run/run-events.js';
import { compiledPath, manifestOf } from './manifest.js';
import { runResultsOf } from './run-results.js';

/** Writes the artifacts of a run: the manifest, the results, and the SQL of each node. */
export function writeRunArtifacts(
  folder: string,
  project: Project,
  run: {
    readonly runId: string;
    readonly results: readonly NodeResult[];
    readonly seconds: number;
  },
  args: Readonly<Record<string, unknown>>,
): void {
  const compiled = new Map(
    run.results.flatMap((result) =>
      result.compiledCode === undefined ? [] : [[result.uniqueId, result.compiledCode] as const],
    ),
  );
  writeManifest(folder, project, run.runId, compiled);
  writeJson(join(folder, 'run_results.json'), runResultsOf(project, run, args));
  for (const { uniqueId, runCode } of run.results) {
    const node = project.nodes.get(uniqueId);
    if (node === undefined || runCode === undefined) continue;
    write(join(folder, compiledPath(project, node).replace(/^compiled/, 'run')), runCode);
  }
}

/** Writes the manifest and the compiled SQL. */
export function writeManifest(
  folder: string,
  project: Project,
  invocationId: string,
  compiled: ReadonlyMap<string, string>,
): void {
  writeJson(join(folder, 'manifest.json'), manifestOf(project, invocationId, compiled));
  for (const [id, sql] of compiled) {
    const node = nodeOf(project, id);
    write(join(folder, compiledPath(project, node)), `${sql}\n`);
  }
}

export function writeJson(file: string, value: unknown): void {
  write(file, `${JSON.stringify(value)}\n`);
}

function write(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

/** What an earlier run left in a folder. Throws a UsageError where there is no manifest. */
export function readEarlierState(folder: string): EarlierState {
  const manifest = readJson(join(folder, 'manifest.json'));
  if (manifest === undefined) {
    throw new UsageError(`${resolve(folder)} holds no manifest.json.`, {
      hint: 'Name the target folder of an earlier run: each run writes one.',
    });
  }
  return earlierState(manifest, readJson(join(folder, 'run_results.json')));
}

/** A JSON file; undefined where it is not there. Throws a UsageError for one that is no JSON. */
export function readJson(file: string): unknown {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new UsageError(`${file} is not JSON.`, { hint: 'Delete it, and run belt again.' });
  }
}
