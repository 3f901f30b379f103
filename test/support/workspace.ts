import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import pg from 'pg';
import { inject, onTestFinished } from 'vitest';

export type Engine = 'embedded' | 'server';

/** The engines that this run can test. */
export const ENGINES: readonly Engine[] =
  inject('serverUrl') === undefined ? ['embedded'] : ['embedded', 'server'];

const CLI = resolve('dist/cli.js');

interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A folder and a migrated database of a test's own. */
export interface Workspace {
  readonly dir: string;
  readonly url: string;
  /** Runs belt to its end. */
  belt(...parameters: string[]): Promise<Finished>;
  /** Runs belt, which must succeed. */
  beltOk(...parameters: string[]): Promise<Finished>;
  /** Starts belt and leaves it running. */
  spawnBelt(...parameters: string[]): ChildProcess;
  /** Reads rows by `belt query`. */
  query<T = Record<string, unknown>>(sql: string): Promise<T[]>;
  /** Writes a file below the folder, and gives its path. */
  write(path: string, content: string | Buffer): string;
}

export async function createWorkspace(engine: Engine): Promise<Workspace> {
  const dir = mkdtempSync(join(tmpdir(), 'belt-work-'));
  const url = engine === 'embedded' ? copyTemplate(dir) : await createServerDatabase();
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const environment = { ...process.env, DATABASE_URL: url };
  const spawnBelt = (...parameters: string[]) =>
    spawn(process.execPath, [CLI, ...parameters], { cwd: dir, env: environment });
  const belt = (...parameters: string[]) => finished(spawnBelt(...parameters));
  const beltOk = async (...parameters: string[]) => {
    const result = await belt(...parameters);
    if (result.code !== 0) {
      throw new Error(`belt ${parameters.join(' ')} ended with ${result.code}:\n${result.stderr}`);
    }
    return result;
  };
  if (engine === 'server') await beltOk('migrate');
  return {
    dir,
    url,
    belt,
    beltOk,
    spawnBelt,
    query: async <T>(sql: string) => {
      const { stdout } = await beltOk('query', sql, '--format', 'json');
      return JSON.parse(stdout) as T[];
    },
    write: (path, content) => {
      const file = join(dir, path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, content);
      return file;
    },
  };
}

function finished(child: ChildProcess): Promise<Finished> {
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr?.on('data', (chunk) => {
    stderr += chunk;
  });
  return new Promise((done) => {
    child.on('close', (code) => done({ code, stdout, stderr }));
  });
}

function copyTemplate(dir: string): string {
  const folder = join(dir, 'database');
  cpSync(inject('embeddedTemplate'), folder, { recursive: true });
  return `embedded:${folder}`;
}

async function createServerDatabase(): Promise<string> {
  const serverUrl = inject('serverUrl') ?? '';
  const name = `belt_test_${randomBytes(6).toString('hex')}`;
  await administer(serverUrl, `create database ${name}`);
  onTestFinished(() => administer(serverUrl, `drop database if exists ${name} with (force)`));
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return url.toString();
}

/** Writes to the database of a workspace on a server. */
export function execute(workspace: Workspace, statement: string): Promise<void> {
  return administer(workspace.url, statement);
}

async function administer(serverUrl: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: serverUrl });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
