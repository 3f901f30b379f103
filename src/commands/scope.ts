import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Console, createConsole, type LogFormat } from '../console.js';
import { migrate } from '../database/migrations.js';
import { type Database, openDatabase } from '../database/open-database.js';
import { DEFAULT_DATABASE_URL, parseDatabaseUrl } from '../database/profile.js';
import { UsageError } from '../errors.js';
import { BUNDLED_PROJECT } from '../folders.js';
import { loadProject } from '../project/load-project.js';
import type { Project } from '../project/project.js';

/** Options that every command takes. */
export interface GlobalOptions {
  readonly databaseUrl?: string;
  readonly projectDir?: string;
  readonly logFormat: LogFormat;
  readonly debug: boolean;
  readonly vars?: string;
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
): Promise<T> {
  const console = createConsole(options.logFormat);
  const url = options.databaseUrl ?? process.env.DATABASE_URL ?? DEFAULT_DATABASE_URL;
  const interruption = watchInterruption(console);
  const database = await openDatabase(parseDatabaseUrl(url, process.cwd()), command);
  interruption.onAbort(() => cancelRunning(database));
  try {
    return await work({ console, database, signal: interruption.signal });
  } finally {
    await database.close();
    interruption.end();
  }
}

/** Runs the migrations that are missing, and says so. */
export async function migrateFirst({ console, database }: CommandScope): Promise<void> {
  const names = await migrate(database.pool);
  if (names.length > 0) {
    console.log(`Migrated: ${names.join(', ')}`, { event: 'migrated', migrations: names });
  }
}

/** The project of --project-dir, of the working folder, or the one that comes with belt. */
export function projectOf(options: GlobalOptions, schema = 'public'): Project {
  const own = resolve(options.projectDir ?? '.');
  const hasProject =
    existsSync(resolve(own, 'models')) || existsSync(resolve(own, 'dbt_project.yml'));
  if (options.projectDir !== undefined && !hasProject) {
    throw new UsageError(`${options.projectDir} holds no project.`, {
      hint: 'A project has a folder models/, or a dbt_project.yml.',
    });
  }
  return loadProject({
    projectDir: hasProject ? own : BUNDLED_PROJECT,
    target: { name: 'default', type: 'postgres', schema, database: 'postgres', threads: 1 },
    vars: parseVars(options.vars),
    env: process.env,
  });
}

function parseVars(text: string | undefined): Record<string, unknown> {
  if (text === undefined) return {};
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return value as Record<string, unknown>;
    }
  } catch {
    // told below, as any other text that is no dictionary
  }
  throw new UsageError('--vars is not a JSON object.', {
    hint: `Write it as --vars '{"alert_state_of_charge_percent": 15}'.`,
  });
}

interface Interruption {
  readonly signal: AbortSignal;
  onAbort(stop: () => void): void;
  end(): void;
}

/** The first Ctrl-C lets what runs come to a clean end; the second one ends the process. */
function watchInterruption(console: Console): Interruption {
  const controller = new AbortController();
  const stop = () => {
    if (controller.signal.aborted) process.exit(130);
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
  if (database.embedded !== undefined) return;
  database.pool
    .query(
      'select pg_cancel_backend(pid) from unnest($1::integer[]) as pid where pid <> pg_backend_pid()',
      [[...database.backends]],
    )
    .catch(() => undefined);
}
