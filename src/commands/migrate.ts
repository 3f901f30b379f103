import { type Command, Option } from 'commander';
import { migrate, readMigrationStatus } from '../database/migrations.js';
import { textTable } from '../format.js';
import { type GlobalOptions, withDatabase } from './scope.js';

interface MigrateOptions extends GlobalOptions {
  readonly status: boolean;
  readonly json: boolean;
}

export function addMigrateCommand(program: Command): void {
  program
    .command('migrate')
    .description('run the migrations of sql/ that are missing')
    .addOption(new Option('--status', 'only say which have run').default(false))
    .addOption(new Option('--json', 'print JSON').default(false))
    .action(async (_options, command: Command) => {
      const options = command.optsWithGlobals<MigrateOptions>();
      await withDatabase(options, 'migrate', async ({ console, database }) => {
        if (options.status) {
          const status = await readMigrationStatus(database.pool);
          console.print(
            options.json
              ? JSON.stringify(
                  status.map(({ name, executedAt }) => ({ name, executed_at: executedAt ?? null })),
                )
              : textTable(
                  ['migration', 'ran at'],
                  status.map(({ name, executedAt }) => [
                    name,
                    executedAt?.toISOString() ?? 'missing',
                  ]),
                ),
          );
          return;
        }
        const names = await migrate(database.pool);
        if (options.json) console.print(JSON.stringify({ migrated: names }));
        else console.print(names.length === 0 ? 'Up to date.' : `Migrated: ${names.join(', ')}`);
      });
    });
}
