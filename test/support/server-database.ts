import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import pg from 'pg';

/** SQLSTATE of a template that somebody is connected to, such as a worker of TimescaleDB. */
const IN_USE = '55006';
const ATTEMPTS = 20;

/** The URL of another database of a server. */
function urlOf(serverUrl: string, database: string): string {
  const url = new URL(serverUrl);
  url.pathname = `/${database}`;
  return url.toString();
}

function newName(kind: string): string {
  return `belt_${kind}_${randomBytes(6).toString('hex')}`;
}

/** Runs statements one after another in a database of a server. */
async function administer(url: string, ...statements: string[]): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}

/** Makes a migrated database that others are copied from. Gives its name. */
export async function createTemplate(serverUrl: string): Promise<string> {
  const name = newName('template');
  await administer(serverUrl, `create database ${name}`);
  execFileSync(process.execPath, ['dist/cli.js', 'migrate'], {
    env: { ...process.env, DATABASE_URL: urlOf(serverUrl, name) },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  // TimescaleDB's launcher would connect a scheduler to it, and who is connected to prevents a copy
  await administer(
    serverUrl,
    `alter database ${name} with allow_connections false`,
    `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${name}'`,
  );
  return name;
}

/** Copies a template. Gives the URL of the copy. */
export async function copyDatabase(serverUrl: string, template: string): Promise<string> {
  const name = newName('test');
  for (let attempt = 1; ; attempt++) {
    try {
      await administer(serverUrl, `create database ${name} template ${template}`);
      break;
    } catch (error) {
      if ((error as { code?: string }).code !== IN_USE || attempt === ATTEMPTS) throw error;
    }
  }
  const url = urlOf(serverUrl, name);
  // the launcher would see the copy only after a minute
  await administer(url, 'select _timescaledb_functions.start_background_workers()');
  return url;
}

/** Drops the database of a URL, with all who are connected to it. */
export async function dropDatabase(serverUrl: string, name: string): Promise<void> {
  await administer(serverUrl, `drop database if exists ${name} with (force)`);
}
