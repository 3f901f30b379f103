import { type Command, Option } from 'commander';
import { BUNDLED_DATA } from '../folders.js';
import { countText, secondsText } from '../format.js';
import { toBuild } from '../run/node-work.js';
import { type RunSummary, runProject } from '../run/run-project.js';
import { statusText } from '../status/status-text.js';
import { LAND_THREADS, landWithProgress } from './land.js';
import { isIncomplete, landText } from './land-text.js';
import { type OpenProject, openProject, selectionOf } from './open-project.js';
import type { RunFlags } from './project-options.js';
import { runInScope } from './report-run.js';
import { succeeded } from './run-lines.js';
import { type CommandScope, migrateFirst, withDatabase } from './scope.js';
import { statusOf } from './status.js';
import { transformInScope, transformText } from './transform.js';
import { typedCommand } from './typed-command.js';

/** What a person may want next, as it is typed where belt was started as it was now. */
function nextSteps(command: string): string {
  const isClone = command.startsWith('npm run');
  const steps = [
    [`${command} query "select * from battery_alert"`],
    [`${command} query "select * from battery_daily" --format csv`],
    [`${command} status`],
    [`${command} db serve`, 'for psql or an alerting system'],
    [`${command} land --source DIR`, 'responses of your own'],
    [
      `DATABASE_URL=postgres://… ${isClone ? 'npm start' : `${command} start`}`,
      'on a TimescaleDB server',
    ],
  ];
  const width = Math.max(...steps.map(([line = '', use]) => (use === undefined ? 0 : line.length)));
  return [
    'Next steps',
    ...steps.map(([line = '', use]) =>
      use === undefined ? `  ${line}` : `  ${line.padEnd(width)}  # ${use}`,
    ),
  ].join('\n');
}

export function addStartCommand(program: Command): void {
  program
    .command('start')
    .description('land a directory, transform it, test it, and show the result')
    .addOption(
      new Option('--source <dir>', 'the directory to land').default(
        BUNDLED_DATA,
        'the bundled data',
      ),
    )
    .action(async (_options, command: Command) => {
      const open = openProject(command.optsWithGlobals<RunFlags & { source: string }>());
      const sessions = Math.max(LAND_THREADS, open.threads);
      const start = async (scope: CommandScope) => {
        await migrateFirst(scope);
        const landed = await landWithProgress(scope, open.options.source, LAND_THREADS);
        scope.console.print(landText(landed));
        if (isIncomplete(landed)) process.exitCode = 1;
        const summary = await transformInScope(
          scope,
          open,
          selectionOf(open.project, open.options),
        );
        scope.console.print(transformText(summary));
        const tests = succeeded(summary) ? await testInScope(scope, open) : undefined;
        scope.console.print(testText(tests));
        if (tests === undefined || !succeeded(tests)) process.exitCode = 1;
        scope.console.print(
          `\n${statusText(await statusOf(scope))}\n\n${nextSteps(typedCommand())}`,
        );
      };
      await withDatabase(open.options, 'start', start, sessions);
    });
}

/** Runs all tests of the project in an open database, and tells those that do not pass. */
function testInScope(scope: CommandScope, open: OpenProject<RunFlags>): Promise<RunSummary> {
  const tests = [...open.project.nodes.values()].filter(
    ({ resourceType }) => resourceType === 'test' || resourceType === 'unit_test',
  );
  const selected = new Set(tests.map(({ uniqueId }) => uniqueId));
  return runInScope(scope, open, 'test', { selected, unmatched: [] }, (options, listener) =>
    runProject(
      scope.database,
      open.project,
      {
        ...options,
        command: 'test',
        works: toBuild(selected),
        eventTime: {},
        storeFailures: false,
      },
      {
        ...listener,
        onStart: () => undefined,
        onNodeEnd: (index, total, result) => {
          if (result.status !== 'pass') listener.onNodeEnd(index, total, result);
        },
      },
    ),
  );
}

function testText(summary: RunSummary | undefined): string {
  if (summary === undefined) return 'Not tested, since not all could be built.';
  const passed = summary.results.filter(({ status }) => status === 'pass');
  const unit = passed.filter(({ materialized }) => materialized === 'unit_test').length;
  const others = summary.results.length - passed.length;
  const counts = `${countText(passed.length - unit, 'data test')} and ${countText(unit, 'unit test')}`;
  const rest = others === 0 ? '' : `, ${countText(others, 'test')} did not`;
  return `Tested in ${secondsText(summary.seconds)}: ${counts} passed${rest}.`;
}
