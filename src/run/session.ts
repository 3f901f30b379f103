import type { PoolClient } from 'pg';
import { withAdvisoryLock } from '../database/advisory-lock.js';
import type { Database } from '../database/open-database.js';
import { withClient } from '../database/transaction.js';

/** The advisory lock that lets one transform run at a time. */
const TRANSFORM_LOCK = 'belt transform';

const SETTINGS = `
  set client_min_messages = warning;
  set jit = off;
  set work_mem = '128MB';
`;
const RESET = 'reset client_min_messages; reset jit; reset work_mem';

/**
 * Runs `work` with as many sessions as there are threads, the first of which is `client`. The
 * embedded engine has only that one.
 */
export async function withThreads<T>(
  database: Database,
  client: PoolClient,
  threads: number,
  work: (clients: readonly PoolClient[]) => Promise<T>,
): Promise<T> {
  if (threads <= 1) return work([client]);
  return withClient(database.pool, async (another) => {
    await another.query(SETTINGS);
    try {
      return await withThreads(database, client, threads - 1, (others) =>
        work([...others, another]),
      );
    } finally {
      await another.query(RESET).catch(() => undefined);
    }
  });
}

/**
 * Runs `work` on a session set up for transforming, while holding the lock that keeps a second
 * transform out. `onWait` is called when another one holds it.
 */
export function withTransformSession<T>(
  database: Database,
  onWait: () => void,
  work: (client: PoolClient) => Promise<T>,
): Promise<T> {
  return withClient(database.pool, async (client) => {
    await client.query(SETTINGS);
    try {
      return await withAdvisoryLock(client, TRANSFORM_LOCK, () => work(client), onWait);
    } finally {
      await client.query(RESET).catch(() => undefined);
    }
  });
}
