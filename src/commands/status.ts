import { type Command, Option } from 'commander';
import { withClient } from '../database/transaction.js';
import { readStatus, type Status } from '../status/read-status.js';
import { statusText } from '../status/status-text.js';
import { writeOut } from './output.js';
import { type CommandScope, type GlobalOptions, withMigratedDatabase } from './scope.js';

export function addStatusCommand(program: Command): void {
  program
    .command('status')
    .description('what was landed, what the models made of it, sizes, policies and alerts')
    .addOption(new Option('--json', 'print JSON').default(false))
    .action(async (_options, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions & { json: boolean }>();
      const status = await withMigratedDatabase(options, 'status', statusOf);
      writeOut(`${options.json ? JSON.stringify(status) : statusText(status)}\n`);
    });
}

export function statusOf({ database }: CommandScope): Promise<Status> {
  return withClient(database.pool, async (client) => {
    return readStatus(client, 'public');
  });
}
