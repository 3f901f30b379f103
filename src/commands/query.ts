import { type Command, InvalidArgumentError, Option } from 'commander';
import { writeData } from './output.js';
import { QUERY_FORMATS, type QueryFormat } from './row-writer.js';
import { runQuery } from './run-query.js';
import { type GlobalOptions, withDatabase } from './scope.js';

interface QueryOptions extends GlobalOptions {
  readonly format: QueryFormat;
  readonly asSuperuser: boolean;
  readonly timeout: number;
  readonly escapeFormulas: boolean;
}

function seconds(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 0 && value <= 2_000_000) return value;
  throw new InvalidArgumentError('It is no whole number of seconds.');
}

export function addQueryCommand(program: Command): void {
  program
    .command('query')
    .description('read from the database, in a read-only transaction of a role that can only read')
    .argument('<sql>', 'one statement')
    .addOption(
      new Option('--format <format>', 'how to print the rows')
        .choices(QUERY_FORMATS)
        .default('table'),
    )
    .addOption(
      new Option('--timeout <seconds>', 'how long a server may take; 0 for no limit')
        .argParser(seconds)
        .default(300),
    )
    .addOption(
      new Option(
        '--escape-formulas',
        'with --format csv: make text of what a spreadsheet would calculate',
      ).default(false),
    )
    .addOption(
      new Option('--as-superuser', 'stay a superuser, who may also read and write files').default(
        false,
      ),
    )
    .action(async (sql: string, _options, command: Command) => {
      const options = command.optsWithGlobals<QueryOptions>();
      await withDatabase(options, 'query', ({ database }) =>
        runQuery(
          database.pool,
          sql,
          {
            format: options.format,
            asSuperuser: options.asSuperuser,
            timeoutSeconds: options.timeout,
            escapesFormulas: options.escapeFormulas,
          },
          writeData,
        ),
      );
    });
}
