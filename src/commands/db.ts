import { type Command, InvalidArgumentError, Option } from 'commander';
import type { EmbeddedHandle } from '../database/embedded/handle.js';
import { type ServedDatabase, serveDatabase } from '../database/embedded/serve.js';
import { UsageError } from '../errors.js';
import { type CommandScope, type GlobalOptions, migrateFirst, withDatabase } from './scope.js';

/** Of 127.0.0.1, where none is named. */
export const DEFAULT_PORT = 5433;

export function addDbCommand(program: Command): void {
  const db = program.command('db').description('the embedded database');
  db.command('serve')
    .description('offer the embedded database on a loopback port, for psql or an alerting system')
    .addOption(
      new Option('--port <port>', 'TCP port of 127.0.0.1; 0 takes any free one')
        .argParser(parsePort)
        .default(DEFAULT_PORT),
    )
    .action(async (_options, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions & { port: number }>();
      await withDatabase(options, 'db serve', async (scope) => {
        const { database, signal } = scope;
        if (database.embedded === undefined) {
          throw new UsageError('Only the embedded database is served; a server serves itself.', {
            hint: `Connect to ${database.profile.displayUrl} with psql.`,
          });
        }
        await migrateFirst(scope);
        const served = await serveDatabase(database.embedded, options.port);
        await announceServed(scope, database.embedded, served);
        await new Promise<void>((resolve) => {
          if (signal.aborted) resolve();
          signal.addEventListener('abort', () => resolve(), { once: true });
        });
        await served.close();
      });
    });
}

/** Tells where the embedded database is served, also to those who find its folder locked. */
export async function announceServed(
  { console, database }: CommandScope,
  { lock }: EmbeddedHandle,
  { port }: ServedDatabase,
): Promise<void> {
  const url = `postgres://postgres@127.0.0.1:${port}/postgres?sslmode=disable`;
  await lock.announce(url);
  console.log(`Serving ${database.profile.displayUrl} at ${url} (Ctrl-C stops it)`, {
    event: 'serving',
    url,
    port,
  });
}

export function parsePort(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port <= 65535) return port;
  throw new InvalidArgumentError('It must be a number from 0 to 65535.');
}
