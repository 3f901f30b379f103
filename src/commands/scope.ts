import { readFileSync } from 'node:fs';
import { migrate } from '../database/migrations.js';
import { type Database, openDatabase } from '../database/open-database.js';
import { DEFAULT_DATABASE_URL, parseDatabaseUrl, redactUrl } from '../database/profile.js';
import { UsageError } from '../errors.js';
import { type Console, createConsole, type LogFormat } from './console.js';

/** Options that every command takes. */
export interface GlobalOptions {
  readonly databaseUrl?: string;
  readonly databaseUrlFile?: string;
  /** What the profile of the project says, where nothing else does. */
  readonly profileUrl?: string;
  readonly projectDir?: string;
  readonly logFormat: LogFormat;
  readonly debug: boolean;
}

/** What a command works with. */
export interface CommandScope {
  readonly console: Console;
  readonly database: Database;
  /** Aborted at the first Ctrl-C. */
  readonly signal: AbortSignal;
}

/** Opens the database for a command, and closes it whatever happens. */
export async function withDatabase<T>(
  options: GlobalOptions,
  command: string,
  work: (scope: CommandScope) => Promise<T>,
  threads = 1,
): Promise<T> {
  const console = createConsole(options.logFormat);
  const url = databaseUrlOf(options, console);
  const interruption = watchInterruption(console);
  const database = await openDatabase(parseDatabaseUrl(url, process.cwd()), command, threads);
  interruption.onAbort(() => cancelRunning(database));
  try {
    return await work({ console, database, signal: interruption.signal });
  } finally {
    await database.close();
    interruption.end();
  }
}

/** The database that is asked for: by an option, a file that holds its URL, the environment, or a profile. */
function databaseUrlOf(
  { databaseUrl, databaseUrlFile, profileUrl }: GlobalOptions,
  console: Console,
): string {
  if (databaseUrl !== undefined && databaseUrlFile !== undefined) {
    throw new UsageError('--database-url and --database-url-file are both given.', {
      hint: 'Give one of them.',
    });
  }
  if (databaseUrlFile !== undefined) return readUrlFile(databaseUrlFile);
  if (databaseUrl === undefined) {
    return process.env.DATABASE_URL ?? profileUrl ?? DEFAULT_DATABASE_URL;
  }
  if (redactUrl(databaseUrl) !== databaseUrl) {
    console.log(
      'Warning: the password in --database-url can be read by every user of this machine, by ps. Put the URL into DATABASE_URL or a file (--database-url-file), or the password into ~/.pgpass.',
      { event: 'warning', message: 'The password in --database-url can be read by ps.' },
    );
  }
  return databaseUrl;
}

function readUrlFile(file: string): string {
  let text: string;
  try {
    text = readFileSync(file, 'utf8').trim();
  } catch (cause) {
    throw new UsageError(`--database-url-file cannot be read: ${(cause as Error).message}`, {
      hint: 'It holds one line: embedded:PATH or postgres://user:password@host:5432/database.',
    });
  }
  if (text !== '' && !/\s/.test(text)) return text;
  throw new UsageError(`--database-url-file ${file} does not hold one URL.`, {
    hint: 'It holds one line: embedded:PATH or postgres://user:password@host:5432/database.',
  });
}

/** Opens the database for a command as withDatabase() does, and first runs the migrations that are missing. */
export function withMigratedDatabase<T>(
  options: GlobalOptions,
  command: string,
  work: (scope: CommandScope) => Promise<T>,
  threads = 1,
): Promise<T> {
  return withDatabase(
    options,
    command,
    async (scope) => {
      await migrateFirst(scope);
      return work(scope);
    },
    threads,
  );
}

/** Runs the migrations that are missing, and says so. */
export async function migrateFirst({ console, database }: CommandScope): Promise<void> {
  const names = await migrate(database.pool);
  if (names.length > 0) {
    console.log(`Migrated: ${names.join(', ')}`, { event: 'migrated', migrations: names });
  }
}

/** The exit code of what was interrupted before its end. */
const INTERRUPTED = 130;

let interrupted = false;

/** The exit code of a command that ended with this one, if nothing had interrupted it. */
export function exitCodeOf(code: number | string | undefined): number | string | undefined {
  return interrupted && code === 1 ? INTERRUPTED : code;
}

interface Interruption {
  readonly signal: AbortSignal;
  onAbort(stop: () => void): void;
  end(): void;
}

/** The first Ctrl-C lets what runs come to a clean end; the second one ends the process. */
export function watchInterruption(console: Console): Interruption {
  const controller = new AbortController();
  const stop = () => {
    if (controller.signal.aborted) process.exit(INTERRUPTED);
    interrupted = true;
    console.log('Stopping; what is not complete is rolled back. Ctrl-C again to leave at once.', {
      event: 'interrupted',
    });
    controller.abort();
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  return {
    signal: controller.signal,
    onAbort: (work) => controller.signal.addEventListener('abort', work, { once: true }),
    end: () => {
      process.off('SIGINT', stop);
      process.off('SIGTERM', stop);
    },
  };
}

/** Cancels what this process runs on a server; the embedded engine ends its statement first. */
function cancelRunning(database: Database): void {
  if (database.engine === 'embedded') return;
  database.pool
    .query(
      'select pg_cancel_backend(pid) from unnest($1::integer[]) as pid where pid <> pg_backend_pid()',
      [[...database.backends]],
    )
    .catch(() => undefined);
}
