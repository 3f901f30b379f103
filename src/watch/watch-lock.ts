import { hostname } from 'node:os';
import type { PoolClient } from 'pg';
import type { Database } from '../database/open-database.js';
import { BeltError } from '../errors.js';

/** The advisory lock that lets one watch run on a database. */
const LOCK = 'belt watch';
const OWN_NAME = `belt watch, process ${process.pid} on ${hostname()}`.slice(0, 63);

/**
 * The place of the one watch of a database: held by a session of its own on a server, and by the lock
 * of the folder on the embedded engine.
 */
export class WatchLock {
  readonly #database: Database;
  #client: PoolClient | undefined;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Takes the place, again if its session broke. Throws a BeltError that names who has it. */
  async hold(): Promise<void> {
    if (this.#database.engine === 'embedded' || this.#client !== undefined) return;
    const client = await this.#database.pool.connect();
    client.on('error', () => this.#forget(client));
    try {
      await client.query("select set_config('application_name', $1, false)", [OWN_NAME]);
      const { rows } = await client.query<{ taken: boolean }>(
        'select pg_try_advisory_lock(hashtextextended($1, 0)) as taken',
        [LOCK],
      );
      if (rows[0]?.taken !== true) throw await inUse(client);
    } catch (error) {
      client.release(true);
      throw error;
    }
    this.#client = client;
  }

  release(): void {
    this.#client?.release(true);
    this.#client = undefined;
  }

  #forget(client: PoolClient): void {
    if (this.#client !== client) return;
    this.release();
  }
}

async function inUse(client: PoolClient): Promise<BeltError> {
  const { rows } = await client.query<{ name: string; pid: number; address: string; since: Date }>(
    `select activity.application_name as name, activity.pid,
        coalesce(host(activity.client_addr), 'a local socket') as address,
        activity.backend_start as since
      from pg_locks as held
      join pg_stat_activity as activity using (pid)
      where held.locktype = 'advisory' and held.granted
        and held.database = (select oid from pg_database where datname = current_database())
        and (held.classid::bigint << 32) | held.objid::bigint = hashtextextended($1, 0)`,
    [LOCK],
  );
  const [holder] = rows;
  const who =
    holder === undefined
      ? 'Another belt watch'
      : `${holder.name} (from ${holder.address}, since ${holder.since.toISOString()})`;
  return new BeltError(`${who} watches this database already.`, {
    hint: 'One watch a database is enough: stop the other one first, or let it do the work.',
  });
}
