import { writeRunArtifacts } from '../artifacts/write-artifacts.js';
import type { RunListener } from '../run/run-events.js';
import type { RunOptions, RunSummary } from '../run/run-project.js';
import type { OpenProject } from './open-project.js';
import { writeOut } from './output.js';
import { type RunFlags, repeatedFlags } from './project-options.js';
import { logRemarks, runListener, runText, succeeded, withoutSql } from './run-lines.js';
import { type CommandScope, withMigratedDatabase } from './scope.js';

/** What a command runs, and with which batches of microbatch models where it is a retry. */
export interface Chosen {
  /** Unique ids. */
  readonly selected: ReadonlySet<string>;
  /** Selectors that no node meets. */
  readonly unmatched: readonly string[];
  readonly retried?: RunOptions['retried'];
}

type CommonOptions = Omit<RunOptions, 'command' | 'works' | 'eventTime' | 'storeFailures'>;

/** Runs a command's nodes by `run` in an open database, tells remarks, and writes the artifacts. */
export async function runInScope<S extends RunSummary>(
  { console, signal }: CommandScope,
  { project, artifacts, options, threads }: OpenProject<RunFlags>,
  command: string,
  { unmatched, retried = new Map() }: Chosen,
  run: (options: CommonOptions, listener: RunListener) => Promise<S>,
): Promise<S> {
  const common = {
    flags: repeatedFlags(options),
    fullRefresh: options.fullRefresh ?? false,
    allowsMissingRaw: options.allowMissingRaw ?? false,
    failFast: options.failFast ?? false,
    retried,
    threads,
    signal,
  };
  const summary = await run(common, runListener(console, project, command, options.debug));
  logRemarks(console, unmatched, summary.policies);
  writeRunArtifacts(artifacts, project, summary, argsOf(command, options));
  return summary;
}

/** Opens and migrates the database, runs by `run`, and prints what became of the nodes. */
export async function reportRun<S extends RunSummary>(
  { options, threads }: OpenProject<RunFlags>,
  command: string,
  { unmatched }: Chosen,
  run: (scope: CommandScope) => Promise<S>,
  textOf: (summary: S) => string = runText,
): Promise<void> {
  const summary = await withMigratedDatabase(options, command, run, threads);
  const results = summary.results.map(withoutSql);
  writeOut(
    `${options.json ? JSON.stringify({ ...summary, unmatched, results }) : textOf(summary)}\n`,
  );
  if (!succeeded(summary)) process.exitCode = 1;
}

/** The flags of a run as its artifact keeps them, for `belt retry`. */
function argsOf(command: string, flags: RunFlags): Record<string, unknown> {
  return {
    which: command,
    invocation_command: `belt ${command}`,
    select: flags.select ?? [],
    exclude: flags.exclude ?? [],
    selector: flags.selector ?? null,
    vars: flags.vars ?? null,
    target: flags.target ?? null,
    profiles_dir: flags.profilesDir ?? null,
    threads: flags.threads ?? null,
    full_refresh: flags.fullRefresh ?? false,
    allow_missing_raw: flags.allowMissingRaw ?? false,
    fail_fast: flags.failFast ?? false,
    store_failures: flags.storeFailures ?? false,
    event_time_start: flags.eventTimeStart?.toISOString() ?? null,
    event_time_end: flags.eventTimeEnd?.toISOString() ?? null,
  };
}
