import { type Command, Option } from 'commander';
import { writeRunArtifacts } from '../artifacts/write-artifacts.js';
import { type RunSummary, runProject } from '../run/run-project.js';
import { type OpenProject, openProject, selectionOf } from './open-project.js';
import { addEventTimeOptions, addSelectionOptions, type RunFlags } from './project-options.js';
import { logRemarks, runListener, runText, succeeded, withoutSql } from './run-lines.js';
import { migrateFirst, withDatabase } from './scope.js';

/** A command that runs nodes of some types. */
interface NodeCommand {
  readonly name: string;
  readonly description: string;
  readonly types: readonly string[];
}

const COMMANDS: readonly NodeCommand[] = [
  { name: 'run', description: 'build the models', types: ['model'] },
  {
    name: 'build',
    description: 'load seeds, build models and snapshots, and run the tests of each after it',
    types: ['model', 'seed', 'snapshot', 'test', 'unit_test'],
  },
  { name: 'test', description: 'run data tests and unit tests', types: ['test', 'unit_test'] },
  { name: 'seed', description: 'load the CSV files of the project', types: ['seed'] },
  { name: 'snapshot', description: 'take the snapshots', types: ['snapshot'] },
];

export function typesOf(command: string): readonly string[] | undefined {
  return COMMANDS.find(({ name }) => name === command)?.types;
}

export function addRunCommands(program: Command): void {
  for (const { name, description, types } of COMMANDS) {
    const command = addSelectionOptions(program.command(name).description(description))
      .addOption(new Option('-x, --fail-fast', 'stop at the first failure').default(false))
      .addOption(new Option('--json', 'print the results as JSON').default(false));
    if (name !== 'test') {
      command.addOption(
        new Option('-f, --full-refresh', 'rebuild tables from all that they read').default(false),
      );
    }
    if (name === 'test' || name === 'build') {
      command.option('--store-failures', 'keep the rows that tests find in tables');
    }
    if (name === 'run' || name === 'build') addEventTimeOptions(command, 'of microbatch models');
    command.action(async (_options, self: Command) => {
      const open = openProject(self.optsWithGlobals<RunFlags>());
      const { selected, unmatched } = selectionOf(open.project, open.options);
      const chosen = [...selected].filter((id) =>
        types.includes(open.project.nodes.get(id)?.resourceType ?? ''),
      );
      await runAndReport(open, name, new Set(chosen), unmatched);
    });
  }
}

/** Runs nodes for a command, prints what became of them, and writes the artifacts. */
export async function runAndReport(
  { project, artifacts, options, threads }: OpenProject<RunFlags>,
  command: string,
  selected: ReadonlySet<string>,
  unmatched: readonly string[],
  retried: ReadonlyMap<string, readonly (readonly [string, string])[]> = new Map(),
): Promise<void> {
  const summary = await withDatabase(
    options,
    command,
    async (scope) => {
      await migrateFirst(scope);
      const run = await runProject(
        scope.database,
        project,
        {
          command,
          selected,
          retried,
          fullRefresh: options.fullRefresh ?? false,
          eventTime: {
            ...(options.eventTimeStart === undefined ? {} : { start: options.eventTimeStart }),
            ...(options.eventTimeEnd === undefined ? {} : { end: options.eventTimeEnd }),
          },
          storeFailures: options.storeFailures ?? false,
          failFast: options.failFast ?? false,
          threads,
          signal: scope.signal,
        },
        runListener(scope.console, project, command, options.debug),
      );
      logRemarks(scope.console, unmatched, run.policies);
      return run;
    },
    threads,
  );
  writeRunArtifacts(artifacts, project, summary, argsOf(command, options));
  process.stdout.write(
    `${options.json ? JSON.stringify(jsonOf(summary, unmatched)) : runText(summary)}\n`,
  );
  if (!succeeded(summary)) process.exitCode = 1;
}

function jsonOf(summary: RunSummary, unmatched: readonly string[]) {
  return { ...summary, unmatched, results: summary.results.map(withoutSql) };
}

/** The flags of a run as its artifact keeps them, for `belt retry`. */
export function argsOf(command: string, flags: RunFlags): Record<string, unknown> {
  return {
    which: command,
    invocation_command: `belt ${command}`,
    select: flags.select ?? [],
    exclude: flags.exclude ?? [],
    selector: flags.selector ?? null,
    vars: flags.vars ?? null,
    target: flags.target ?? null,
    threads: flags.threads ?? null,
    full_refresh: flags.fullRefresh ?? false,
    fail_fast: flags.failFast ?? false,
    store_failures: flags.storeFailures ?? false,
    event_time_start: flags.eventTimeStart?.toISOString() ?? null,
    event_time_end: flags.eventTimeEnd?.toISOString() ?? null,
  };
}
