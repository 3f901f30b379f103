import type { ClientBase, Pool, PoolClient } from 'pg';

/** Runs `work` in a transaction: committed when it resolves, rolled back when it rejects. */
export async function inTransaction<T>(
  client: ClientBase,
  work: () => Promise<T>,
  begin = 'begin',
): Promise<T> {
  await client.query(begin);
  try {
    const result = await work();
    await client.query('commit');
    return result;
  } catch (error) {
    // the connection may be gone: the first error is the one to tell
    await client.query('rollback').catch(() => undefined);
    throw error;
  }
}

/** Runs `work` with a client of the pool; the client is dropped if its connection broke. */
export async function withClient<T>(
  pool: Pool,
  work: (client: PoolClient) => Promise<T>,
): Promise<T> {
  const client = await pool.connect();
  let broken = false;
  const onError = () => {
    broken = true;
  };
  client.on('error', onError);
  try {
    return await work(client);
  } finally {
    client.off('error', onError);
    client.release(broken);
  }
}

const DEADLOCK = '40P01';

/** Tries work again that is rolled back whole, where it and others kept each other from going on. */
export async function withoutDeadlock<T>(work: () => Promise<T>, attempts = 3): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (attempts <= 1 || !isOfTheMoment(error)) throw error;
    return withoutDeadlock(work, attempts - 1);
  }
}

/** What a query says whose chunk a background job of TimescaleDB compressed while it was planned. */
const GONE_WHILE_PLANNED = /^could not open relation with OID \d+$/;

function isOfTheMoment(error: unknown): boolean {
  const { code, message = '' } = error as { code?: string; message?: string };
  return code === DEADLOCK || (code === 'XX000' && GONE_WHILE_PLANNED.test(message));
}
