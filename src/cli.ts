#!/usr/bin/env node
import { Command, CommanderError, Option } from 'commander';
import { addExamples } from './commands/examples.js';
import { watchOutput } from './commands/output.js';
import { reportFault } from './commands/report-fault.js';
import { exitCodeOf } from './commands/scope.js';
import { BELT_VERSION } from './folders.js';

/**
 * The commands by their names, in the order of the help. Each is loaded when it is asked for: all of
 * them take longer to load than many take to run.
 */
const COMMANDS: readonly (readonly [
  names: string,
  load: () => Promise<(program: Command) => void>,
])[] = [
  ['start', async () => (await import('./commands/start.js')).addStartCommand],
  ['land', async () => (await import('./commands/land.js')).addLandCommand],
  ['transform', async () => (await import('./commands/transform.js')).addTransformCommand],
  ['watch', async () => (await import('./commands/watch.js')).addWatchCommand],
  ['plan', async () => (await import('./commands/plan.js')).addPlanCommand],
  [
    'build run test seed snapshot',
    async () => (await import('./commands/run-nodes.js')).addRunCommands,
  ],
  ['retry', async () => (await import('./commands/retry.js')).addRetryCommand],
  ['compile', async () => (await import('./commands/compile.js')).addCompileCommand],
  ['show', async () => (await import('./commands/compile.js')).addShowCommand],
  ['list ls', async () => (await import('./commands/list.js')).addListCommand],
  ['source', async () => (await import('./commands/source.js')).addSourceCommand],
  ['debug', async () => (await import('./commands/debug.js')).addDebugCommand],
  ['status', async () => (await import('./commands/status.js')).addStatusCommand],
  ['alerts', async () => (await import('./commands/alerts.js')).addAlertsCommand],
  ['raw', async () => (await import('./commands/raw.js')).addRawCommand],
  ['rejected', async () => (await import('./commands/rejected.js')).addRejectedCommand],
  ['query', async () => (await import('./commands/query.js')).addQueryCommand],
  ['migrate', async () => (await import('./commands/migrate.js')).addMigrateCommand],
  ['doctor', async () => (await import('./commands/doctor.js')).addDoctorCommand],
  ['db', async () => (await import('./commands/db.js')).addDbCommand],
  ['simulate', async () => (await import('./commands/simulate.js')).addSimulateCommand],
];

const program = new Command('belt')
  .description('Battery ELT on TimescaleDB: land vendor JSON, transform it with SQL models.')
  .version(BELT_VERSION)
  .addOption(
    new Option(
      '--database-url <url>',
      'embedded:PATH or postgres://… (default: DATABASE_URL, or embedded:.belt)',
    ),
  )
  .addOption(new Option('--database-url-file <file>', 'a file that holds the URL'))
  .addOption(
    new Option('--project-dir <dir>', 'the folder of the models (default: the working folder)'),
  )
  .addOption(
    new Option('--log-format <format>', 'how to log to standard error')
      .choices(['text', 'json'])
      .default('text'),
  )
  .addOption(new Option('--debug', 'print stack traces').default(false))
  .showHelpAfterError('(see belt --help)')
  .configureHelp({ showGlobalOptions: true })
  .exitOverride();

const asked = COMMANDS.filter(([names]) =>
  names.split(' ').some((name) => process.argv.includes(name)),
);
// without any of them, all are for the help, or to say which one was meant
for (const [, load] of asked.length > 0 ? asked : COMMANDS) (await load())(program);
addExamples(program);

watchOutput();

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : 2;
  } else {
    process.exitCode = reportFault(error, program.opts<{ debug: boolean; logFormat: string }>());
  }
}
process.exitCode = exitCodeOf(process.exitCode);
