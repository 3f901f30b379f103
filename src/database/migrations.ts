import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ClientBase, Pool } from 'pg';
import { BeltError } from '../errors.js';
import { SQL_FOLDER } from '../folders.js';
import { withAdvisoryLock } from './advisory-lock.js';
import { inTransaction, withClient } from './transaction.js';

/** The advisory lock that lets one process migrate at a time. */
const MIGRATION_LOCK = 'belt migrate';

const STORAGE = `
  create schema if not exists belt;
  create table if not exists belt.schema_migration (
    name text primary key,
    checksum text not null,
    executed_at timestamptz not null default now()
  );
  comment on table belt.schema_migration is 'The migrations of sql/ that have run here.';
`;

/** A numbered file of sql/. */
interface MigrationFile {
  readonly name: string;
  readonly path: string;
  readonly sql: string;
  readonly checksum: string;
}

export interface MigrationStatus {
  readonly name: string;
  /** When it ran; undefined while it is missing. */
  readonly executedAt: Date | undefined;
}

/** Runs the migrations that are missing, in order. Gives their names. */
export async function migrate(pool: Pool): Promise<string[]> {
  const files = readMigrationFiles(SQL_FOLDER);
  return withClient(pool, async (client) => {
    await client.query('set client_min_messages = warning');
    if (await isUpToDate(client, files)) return [];
    return withAdvisoryLock(client, MIGRATION_LOCK, () => runMissing(client, files));
  });
}

async function runMissing(client: ClientBase, files: readonly MigrationFile[]): Promise<string[]> {
  try {
    await prepareStorage(client);
    refuseChanged(files, await readExecuted(client));
    const run = await (await umzug(client, files)).up();
    return run.map(({ name }) => name);
  } catch (error) {
    throw explained(error);
  }
}

/** Every migration of sql/, and when it ran. */
export function readMigrationStatus(pool: Pool): Promise<MigrationStatus[]> {
  const files = readMigrationFiles(SQL_FOLDER);
  return withClient(pool, async (client) => {
    const executed = await readExecuted(client);
    refuseChanged(files, executed);
    return files.map(({ name }) => ({ name, executedAt: executed.get(name)?.executedAt }));
  });
}

interface Executed {
  readonly checksum: string;
  readonly executedAt: Date;
}

async function umzug(client: ClientBase, files: readonly MigrationFile[]) {
  // it takes a third of the start of a command, and is seldom needed
  const { Umzug } = await import('umzug');
  return new Umzug({
    migrations: files.map((file) => ({
      name: file.name,
      path: file.path,
      up: () =>
        inTransaction(client, async () => {
          await client.query(file.sql);
          await client.query('insert into belt.schema_migration (name, checksum) values ($1, $2)', [
            file.name,
            file.checksum,
          ]);
        }),
    })),
    storage: {
      executed: async () => [...(await readExecuted(client)).keys()],
      // the row is written with the migration itself, in its transaction
      logMigration: async () => undefined,
      unlogMigration: async () => undefined,
    },
    logger: undefined,
  });
}

function readMigrationFiles(folder: string): MigrationFile[] {
  return readdirSync(folder)
    .filter((name) => /^\d{4}_\w+\.sql$/.test(name))
    .sort()
    .map((name) => {
      const path = join(folder, name);
      const sql = readFileSync(path, 'utf8');
      return { name, path, sql, checksum: createHash('sha256').update(sql).digest('hex') };
    });
}

async function isUpToDate(client: ClientBase, files: readonly MigrationFile[]): Promise<boolean> {
  const executed = await readExecuted(client);
  refuseChanged(files, executed);
  return files.every(({ name }) => executed.has(name));
}

async function prepareStorage(client: ClientBase): Promise<void> {
  const exists = await client.query(
    "select to_regclass('belt.schema_migration') is not null as yes",
  );
  if (exists.rows[0]?.yes !== true) await client.query(STORAGE);
}

async function readExecuted(client: ClientBase): Promise<Map<string, Executed>> {
  const exists = await client.query(
    "select to_regclass('belt.schema_migration') is not null as yes",
  );
  if (exists.rows[0]?.yes !== true) return new Map();
  const { rows } = await client.query<{ name: string; checksum: string; executed_at: Date }>(
    'select name, checksum, executed_at from belt.schema_migration order by name',
  );
  return new Map(
    rows.map((row) => [row.name, { checksum: row.checksum, executedAt: row.executed_at }]),
  );
}

function refuseChanged(
  files: readonly MigrationFile[],
  executed: ReadonlyMap<string, Executed>,
): void {
  for (const file of files) {
    const before = executed.get(file.name);
    if (before === undefined || before.checksum === file.checksum) continue;
    throw new BeltError(
      `The migration ${file.name} was changed after it ran on ${before.executedAt.toISOString()}.`,
      {
        location: { file: `sql/${file.name}` },
        hint: 'Restore the file as it was, and put the change into a new migration with the next number.',
      },
    );
  }
  const known = new Set(files.map(({ name }) => name));
  const unknown = [...executed.keys()].filter((name) => !known.has(name));
  if (unknown.length > 0) {
    throw new BeltError(
      `The database has run the migration ${unknown[0]}, which this belt does not have.`,
      { hint: 'Use the belt that ran it, or a newer one.' },
    );
  }
}

function explained(error: unknown): unknown {
  const cause = (error as { cause?: unknown }).cause ?? error;
  if (cause instanceof BeltError) return cause;
  const { message, code } = cause as { message?: string; code?: string };
  const name = (error as { migration?: { name?: string } }).migration?.name;
  return new BeltError(
    `${name === undefined ? 'The migrations' : `The migration ${name}`} failed: ${message}`,
    {
      ...(name === undefined ? {} : { location: { file: `sql/${name}` } }),
      hint:
        code === '58P01' || code === '0A000'
          ? 'Install TimescaleDB 2.20 or later on the server, and have it in shared_preload_libraries.'
          : 'Nothing of it was kept. `belt doctor` checks the server and the rights of its user.',
      cause,
    },
  );
}
