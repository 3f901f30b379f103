import type { ClientBase } from 'pg';

/**
 * Runs `work` while the session of `client` holds the database's advisory lock of this name, which
 * one session at a time can hold. `onWait` is called before waiting for another one that holds it.
 */
export async function withAdvisoryLock<T>(
  client: ClientBase,
  name: string,
  work: () => Promise<T>,
  onWait: () => void = () => undefined,
): Promise<T> {
  const { rows } = await client.query<{ taken: boolean }>(
    'select pg_try_advisory_lock(hashtextextended($1, 0)) as taken',
    [name],
  );
  if (rows[0]?.taken !== true) {
    onWait();
    await client.query('select pg_advisory_lock(hashtextextended($1, 0))', [name]);
  }
  try {
    return await work();
  } finally {
    // a connection that broke has given its lock back, and its fault is the one to tell
    await client
      .query('select pg_advisory_unlock(hashtextextended($1, 0))', [name])
      .catch(() => undefined);
  }
}
