import type { Pool } from 'pg';
import { BeltError } from '../errors.js';
import { readMigrationStatus } from './migrations.js';
import type { Database } from './open-database.js';

/** One thing that was checked: how it stands, and what to do where it does not stand well. */
export interface CheckResult {
  readonly check: string;
  readonly status: 'ok' | 'warning' | 'fault';
  readonly message: string;
  readonly hint?: string;
}

const MIN_POSTGRES = 15;
const MAX_POSTGRES = 18;
const MIN_TIMESCALE = [2, 20] as const;

/** Checks the engine, its versions, licence and workers, the migrations, and what the user may do. */
export async function diagnose(database: Database): Promise<CheckResult[]> {
  const { pool } = database;
  return [
    { check: 'engine', status: 'ok', message: engineText(database) },
    await checkPostgres(pool),
    ...(await checkTimescale(pool)),
    await checkWorkers(database),
    await checkRights(pool),
    ...(await checkMigrations(pool)),
  ];
}

function engineText({ engine, profile }: Database): string {
  if (profile.engine === 'embedded') return `embedded engine, kept in ${profile.folder}`;
  return `${engine === 'embedded' ? 'embedded engine, served' : 'server'} at ${profile.displayUrl}`;
}

async function checkPostgres(pool: Pool): Promise<CheckResult> {
  const { rows } = await pool.query<{ version: string; number: number }>(
    "select current_setting('server_version') as version, current_setting('server_version_num')::int as number",
  );
  const { version = '', number = 0 } = rows[0] ?? {};
  const major = Math.floor(number / 10_000);
  const fits = major >= MIN_POSTGRES && major <= MAX_POSTGRES;
  return {
    check: 'postgresql',
    status: fits ? 'ok' : 'fault',
    message: `PostgreSQL ${version}`,
    ...(fits ? {} : { hint: `Use PostgreSQL ${MIN_POSTGRES} to ${MAX_POSTGRES}.` }),
  };
}

async function checkTimescale(pool: Pool): Promise<CheckResult[]> {
  const { rows } = await pool.query<{ installed: string | null; available: string | null }>(
    "select installed_version as installed, default_version as available from pg_available_extensions where name = 'timescaledb'",
  );
  const { installed = null, available = null } = rows[0] ?? {};
  if (available === null) {
    return [
      {
        check: 'timescaledb',
        status: 'fault',
        message: 'TimescaleDB is not installed on the server',
        hint: 'Install TimescaleDB 2.20 or later with its community features, and add timescaledb to shared_preload_libraries.',
      },
    ];
  }
  if (installed === null) {
    return [
      {
        check: 'timescaledb',
        status: 'warning',
        message: `TimescaleDB ${available} is available, but not created in this database`,
        hint: 'Run `belt migrate`, as a user who may create extensions.',
      },
    ];
  }
  const [major = 0, minor = 0] = installed.split('.').map((part) => Number.parseInt(part, 10));
  const fits =
    major > MIN_TIMESCALE[0] || (major === MIN_TIMESCALE[0] && minor >= MIN_TIMESCALE[1]);
  // the extension is loaded by its first use, and only then has its settings
  await pool.query("select time_bucket('1 day', now())");
  const licence = await pool.query<{ licence: string | null }>(
    "select current_setting('timescaledb.license', true) as licence",
  );
  const name = licence.rows[0]?.licence ?? 'unknown';
  return [
    {
      check: 'timescaledb',
      status: fits ? 'ok' : 'fault',
      message: `TimescaleDB ${installed}`,
      ...(fits
        ? {}
        : { hint: 'Update it: ALTER EXTENSION timescaledb UPDATE; belt needs 2.20 or later.' }),
    },
    {
      check: 'licence',
      status: name === 'timescale' ? 'ok' : 'fault',
      message: name === 'timescale' ? 'community licence (timescale)' : `licence ${name}`,
      ...(name === 'timescale'
        ? {}
        : {
            hint: "Compression and continuous aggregates need the community licence: set timescaledb.license = 'timescale' in postgresql.conf and reload.",
          }),
    },
  ];
}

async function checkWorkers({ pool, engine }: Database): Promise<CheckResult> {
  if (engine === 'embedded') {
    return {
      check: 'background workers',
      status: 'ok',
      message: 'the embedded engine has none; belt transform runs the policies that are due',
    };
  }
  const { rows } = await pool.query<{ schedulers: number }>(
    `select count(*)::int as schedulers from pg_stat_activity
      where application_name = 'TimescaleDB Background Worker Scheduler'
        and datname = current_database()`,
  );
  const running = (rows[0]?.schedulers ?? 0) > 0;
  return {
    check: 'background workers',
    status: running ? 'ok' : 'warning',
    message: running
      ? 'the scheduler of TimescaleDB runs for this database'
      : 'no scheduler of TimescaleDB runs for this database: policies are not carried out',
    ...(running
      ? {}
      : {
          hint: 'Run `belt migrate` if the extension is missing; else let max_worker_processes and timescaledb.max_background_workers leave room for one more database, and restart the server.',
        }),
  };
}

async function checkRights(pool: Pool): Promise<CheckResult> {
  const { rows } = await pool.query<{ user: string; may: boolean }>(
    "select current_user as user, has_database_privilege(current_database(), 'CREATE') as may",
  );
  const { user = '', may = false } = rows[0] ?? {};
  return {
    check: 'rights',
    status: may ? 'ok' : 'fault',
    message: `user ${user} ${may ? 'may' : 'may not'} create schemas`,
    ...(may ? {} : { hint: `Let it: GRANT CREATE ON DATABASE … TO "${user}".` }),
  };
}

async function checkMigrations(pool: Pool): Promise<CheckResult[]> {
  try {
    const status = await readMigrationStatus(pool);
    const missing = status.filter(({ executedAt }) => executedAt === undefined);
    if (missing.length === 0) {
      return [{ check: 'migrations', status: 'ok', message: `all ${status.length} have run` }];
    }
    return [
      {
        check: 'migrations',
        status: 'warning',
        message: `missing: ${missing.map(({ name }) => name).join(', ')}`,
        hint: 'Run `belt migrate`; `belt land` and `belt transform` do it too.',
      },
    ];
  } catch (error) {
    if (!(error instanceof BeltError)) throw error;
    const { message, hint } = error;
    return [
      { check: 'migrations', status: 'fault', message, ...(hint === undefined ? {} : { hint }) },
    ];
  }
}
