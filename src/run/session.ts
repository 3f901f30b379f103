import type { PoolClient } from 'pg';
import type { Database } from '../database/open-database.js';
import { withClient } from '../database/transaction.js';

/** Key of the advisory lock that lets one transform run at a time. */
const TRANSFORM_LOCK = "hashtextextended('belt transform', 0)";

const SETTINGS = `
  set timezone = 'UTC';
  set client_min_messages = warning;
  set jit = off;
  set work_mem = '128MB';
`;
const RESET = 'reset timezone; reset client_min_messages; reset jit; reset work_mem';

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
    const taken = await client.query<{ taken: boolean }>(
      `select pg_try_advisory_lock(${TRANSFORM_LOCK}) as taken`,
    );
    if (taken.rows[0]?.taken !== true) {
      onWait();
      await client.query(`select pg_advisory_lock(${TRANSFORM_LOCK})`);
    }
    try {
      return await work(client);
    } finally {
      await client
        .query(`select pg_advisory_unlock(${TRANSFORM_LOCK}); ${RESET}`)
        .catch(() => undefined);
    }
  });
}
