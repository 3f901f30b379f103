import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { PoolClient } from 'pg';
import { openDatabase } from '../database/open-database.js';
import { parseDatabaseUrl } from '../database/profile.js';
import { withClient } from '../database/transaction.js';
import { runBelt } from './belt-process.js';

/** A database of the bench's own. It is closed between uses, as belt runs in other processes. */
export interface BenchDatabase {
  readonly url: string;
  readonly isEmbedded: boolean;
  use<T>(work: (client: PoolClient) => Promise<T>): Promise<T>;
  drop(): Promise<void>;
}

/** A new database with belt's models, still empty. */
export async function createBenchDatabase(
  serverUrl: string,
  folder: string,
): Promise<BenchDatabase> {
  const name = `belt_bench_${randomBytes(4).toString('hex')}`;
  const isEmbedded = serverUrl.startsWith('embedded:');
  const url = isEmbedded ? `embedded:${join(folder, name)}` : urlOf(serverUrl, name);
  if (!isEmbedded) await administer(serverUrl, `create database ${name}`);
  const database: BenchDatabase = {
    url,
    isEmbedded,
    use: (work) => useDatabase(url, work),
    drop: async () => {
      if (isEmbedded) rmSync(join(folder, name), { recursive: true, force: true });
      else await administer(serverUrl, `drop database if exists ${name} with (force)`);
    },
  };
  await runBelt(url, 'transform');
  // policies would run in the middle of what is measured
  await database.use((client) =>
    client.query(
      'select alter_job(job_id, scheduled => false) from timescaledb_information.jobs where job_id >= 1000',
    ),
  );
  return database;
}

/** What answers: versions of PostgreSQL and TimescaleDB. */
export async function readVersions(
  client: PoolClient,
): Promise<{ postgres: string; timescaledb: string; settings: Record<string, string> }> {
  const { rows } = await client.query<{ postgres: string; timescaledb: string }>(
    `select current_setting('server_version') as postgres,
      (select extversion from pg_extension where extname = 'timescaledb') as timescaledb`,
  );
  const settings = await client.query<{ name: string; setting: string }>(
    `select name, current_setting(name) as setting from pg_settings
      where name in ('shared_buffers', 'work_mem', 'max_wal_size', 'max_parallel_workers_per_gather',
        'fsync', 'synchronous_commit') order by name`,
  );
  return {
    postgres: rows[0]?.postgres ?? '',
    timescaledb: rows[0]?.timescaledb ?? '',
    settings: Object.fromEntries(settings.rows.map((row) => [row.name, row.setting])),
  };
}

async function useDatabase<T>(url: string, work: (client: PoolClient) => Promise<T>): Promise<T> {
  const database = await openDatabase(parseDatabaseUrl(url, process.cwd()), 'bench');
  try {
    return await withClient(database.pool, work);
  } finally {
    await database.close();
  }
}

function administer(serverUrl: string, statement: string): Promise<unknown> {
  return useDatabase(serverUrl, (client) => client.query(statement));
}

function urlOf(serverUrl: string, name: string): string {
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return url.toString();
}
