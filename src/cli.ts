#!/usr/bin/env node
import { Command, CommanderError, Option } from 'commander';
import { addCompileCommand, addShowCommand } from './commands/compile.js';
import { addDbCommand } from './commands/db.js';
import { addDebugCommand } from './commands/debug.js';
import { addDoctorCommand } from './commands/doctor.js';
import { addExamples } from './commands/examples.js';
import { addLandCommand } from './commands/land.js';
import { addListCommand } from './commands/list.js';
import { addMigrateCommand } from './commands/migrate.js';
import { watchOutput } from './commands/output.js';
import { addPlanCommand } from './commands/plan.js';
import { addQueryCommand } from './commands/query.js';
import { addRawCommand } from './commands/raw.js';
import { addRejectedCommand } from './commands/rejected.js';
import { reportFault } from './commands/report-fault.js';
import { addRetryCommand } from './commands/retry.js';
import { addRunCommands } from './commands/run-nodes.js';
import { exitCodeOf } from './commands/scope.js';
import { addSimulateCommand } from './commands/simulate.js';
import { addSourceCommand } from './commands/source.js';
import { addStartCommand } from './commands/start.js';
import { addStatusCommand } from './commands/status.js';
import { addTransformCommand } from './commands/transform.js';
import { addWatchCommand } from './commands/watch.js';
import { BELT_VERSION } from './folders.js';

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

addStartCommand(program);
addLandCommand(program);
addTransformCommand(program);
addWatchCommand(program);
addPlanCommand(program);
addRunCommands(program);
addRetryCommand(program);
addCompileCommand(program);
addShowCommand(program);
addListCommand(program);
addSourceCommand(program);
addDebugCommand(program);
addStatusCommand(program);
addRawCommand(program);
addRejectedCommand(program);
addQueryCommand(program);
addMigrateCommand(program);
addDoctorCommand(program);
addDbCommand(program);
addSimulateCommand(program);
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
