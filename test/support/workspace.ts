import type { ChildProcess } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import pg from 'pg';
import { inject, onTestFinished } from 'vitest';
import { closeEmbedded, openEmbedded } from './embedded-host.js';
import { type Finished, finished, startBelt } from './processes.js';
import { readRows } from './read-rows.js';
import { copyDatabase, dropDatabase } from './server-database.js';

export type Engine = 'embedded' | 'server';

/** The engines that this run can test. */
export const ENGINES: readonly Engine[] =
  inject('serverUrl') === undefined ? ['embedded'] : ['embedded', 'server'];

export interface WorkspaceOptions {
  /**
   * Each process of belt opens the embedded database itself, as a user's does, which takes a second
   * and 500 MB. Without it they ask one process that keeps it open, as `belt db serve` does.
   */
  readonly direct?: boolean;
  /** A copy of another workspace's folder, of the embedded engine and not in use, to begin with. */
  readonly from?: string;
}

/** A folder and a migrated database of a test's own. */
export interface Workspace {
  readonly dir: string;
  /** What DATABASE_URL names to the processes of belt. */
  readonly url: string;
  /** Runs belt to its end. */
  belt(...parameters: string[]): Promise<Finished>;
  /** Runs belt, which must succeed. */
  beltOk(...parameters: string[]): Promise<Finished>;
  /** Starts belt and leaves it running. */
  spawnBelt(...parameters: string[]): ChildProcess;
  /** Reads rows, with values as `belt query --format json` gives them. */
  query<T = Record<string, unknown>>(sql: string): Promise<T[]>;
  /** Runs statements that write. */
  execute(sql: string): Promise<void>;
  /** Writes a file below the folder, and gives its path. */
  write(path: string, content: string | Buffer): string;
}

export async function createWorkspace(
  engine: Engine,
  options: WorkspaceOptions = {},
): Promise<Workspace> {
  const dir = mkdtempSync(join(tmpdir(), 'belt-work-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  if (options.from !== undefined) cpSync(options.from, dir, { recursive: true });
  const { url, connect } = await createDatabase(engine, dir, options.direct ?? false);
  const spawnBelt = (...parameters: string[]) => startBelt(dir, parameters, { DATABASE_URL: url });
  const belt = (...parameters: string[]) => finished(spawnBelt(...parameters));
  return {
    dir,
    url,
    belt,
    spawnBelt,
    beltOk: async (...parameters) => {
      const result = await belt(...parameters);
      if (result.code !== 0) {
        throw new Error(
          `belt ${parameters.join(' ')} ended with ${result.code}:\n${result.stderr}`,
        );
      }
      return result;
    },
    query: <T>(sql: string) => connect((client) => readRows<T>(client, sql)),
    execute: async (sql) => {
      await connect((client) => client.query(sql));
    },
    write: (path, content) => {
      const file = join(dir, path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, content);
      return file;
    },
  };
}

interface TestDatabase {
  readonly url: string;
  /** Works with a connection of the test's own. */
  connect<T>(work: (client: pg.Client) => Promise<T>): Promise<T>;
}

async function createDatabase(
  engine: Engine,
  dir: string,
  isDirect: boolean,
): Promise<TestDatabase> {
  if (engine === 'server') {
    const serverUrl = inject('serverUrl') ?? '';
    const url = await copyDatabase(serverUrl, inject('serverTemplate') ?? '');
    onTestFinished(() => dropDatabase(serverUrl, new URL(url).pathname.slice(1)));
    return { url, connect: (work) => withConnection(url, work) };
  }
  const folder = join(dir, 'database');
  if (!existsSync(folder)) cpSync(inject('embeddedTemplate'), folder, { recursive: true });
  if (!isDirect) {
    const url = await openEmbedded(folder);
    onTestFinished(() => closeEmbedded(folder));
    return { url, connect: (work) => withConnection(url, work) };
  }
  return {
    url: `embedded:${folder}`,
    // processes of belt can use it before and after, but not meanwhile
    connect: async (work) => {
      const url = await openEmbedded(folder);
      try {
        return await withConnection(url, work);
      } finally {
        await closeEmbedded(folder);
      }
    },
  };
}

async function withConnection<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** Runs statements that write into the database of a workspace. */
export function execute(workspace: Workspace, sql: string): Promise<void> {
  return workspace.execute(sql);
}
