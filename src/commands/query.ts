import { type Command, Option } from 'commander';
import { QUERY_FORMATS, type QueryFormat } from './row-writer.js';
import { runQuery } from './run-query.js';
import { type GlobalOptions, withDatabase } from './scope.js';

interface QueryOptions extends GlobalOptions {
  readonly format: QueryFormat;
}

export function addQueryCommand(program: Command): void {
  program
    .command('query')
    .description('read from the database, in a read-only transaction')
    .argument('<sql>', 'one statement')
    .addOption(
      new Option('--format <format>', 'how to print the rows')
        .choices(QUERY_FORMATS)
        .default('table'),
    )
    .action(async (sql: string, _options, command: Command) => {
      const options = command.optsWithGlobals<QueryOptions>();
      await withDatabase(options, 'query', ({ database }) =>
        runQuery(database.pool, sql, options.format, (text) => process.stdout.write(text)),
      );
    });
}
