import { type Command, Option } from 'commander';
import { toBuild } from '../run/node-work.js';
import { runProject } from '../run/run-project.js';
import { type OpenProject, openProject, selectionOf } from './open-project.js';
import {
  addEventTimeOptions,
  addMissingRawOption,
  addSelectionOptions,
  type RunFlags,
} from './project-options.js';
import { type Chosen, reportRun, runInScope } from './report-run.js';

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
    if (name === 'run' || name === 'build') {
      addMissingRawOption(command);
      addEventTimeOptions(command, 'of microbatch models');
    }
    command.action(async (_options, self: Command) => {
      const open = openProject(self.optsWithGlobals<RunFlags>());
      const { selected, unmatched } = selectionOf(open.project, open.options);
      const chosen = [...selected].filter((id) =>
        types.includes(open.project.nodes.get(id)?.resourceType ?? ''),
      );
      await runNodes(open, name, { selected: new Set(chosen), unmatched });
    });
  }
}

/** Runs nodes for a command, prints what became of them, and writes the artifacts. */
export function runNodes(
  open: OpenProject<RunFlags>,
  command: string,
  chosen: Chosen,
): Promise<void> {
  const { eventTimeStart: start, eventTimeEnd: end, storeFailures = false } = open.options;
  return reportRun(open, command, chosen, (scope) =>
    runInScope(scope, open, command, chosen, (options, listener) =>
      runProject(
        scope.database,
        open.project,
        {
          ...options,
          command,
          works: toBuild(chosen.selected),
          eventTime: {
            ...(start === undefined ? {} : { start }),
            ...(end === undefined ? {} : { end }),
          },
          storeFailures,
        },
        listener,
      ),
    ),
  );
}
