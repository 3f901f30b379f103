import type { ClientBase, Pool, PoolClient } from 'pg';
import { withClient } from '../database/transaction.js';
import { WorkQueue } from './work-queue.js';

/** A session that copies, in an open transaction. */
export interface CopySession {
  readonly client: PoolClient;
  /** What is to be done by it, in order. */
  readonly queue: WorkQueue;
}

/** Held, shared, by each session but the first until its transaction has ended. */
const COPY_LOCK = 'belt land: copying';

/** Runs `work` with as many sessions as there are `threads`, the first of which is `client`. */
export async function withCopySessions<T>(
  pool: Pool,
  client: PoolClient,
  threads: number,
  work: (sessions: CopySessions) => Promise<T>,
): Promise<T> {
  return withMore(pool, threads - 1, (others) => work(new CopySessions(client, others)));
}

async function withMore<T>(
  pool: Pool,
  count: number,
  work: (clients: readonly PoolClient[]) => Promise<T>,
): Promise<T> {
  if (count <= 0) return work([]);
  return withClient(pool, (client) =>
    withMore(pool, count - 1, (others) => work([client, ...others])),
  );
}

/**
 * Waits until no session of a landing is left that might still commit: a backend whose client is gone
 * ends what it is at first.
 */
export async function awaitCopying(client: ClientBase): Promise<void> {
  await client.query('select pg_advisory_lock(hashtextextended($1, 0))', [COPY_LOCK]);
  await client.query('select pg_advisory_unlock(hashtextextended($1, 0))', [COPY_LOCK]);
}

/** Sessions that copy side by side, each in a transaction of its own. */
export class CopySessions {
  readonly first: CopySession;
  readonly #others: readonly CopySession[];
  readonly #idle: CopySession[];
  readonly #copying = new Set<Promise<void>>();

  constructor(first: PoolClient, others: readonly PoolClient[]) {
    this.first = { client: first, queue: new WorkQueue() };
    this.#others = others.map((client) => ({ client, queue: new WorkQueue() }));
    // the first one, which looks things up besides, is taken last
    this.#idle = [this.first, ...this.#others];
  }

  async begin(): Promise<void> {
    await this.first.client.query('begin');
    for (const { client } of this.#others) {
      await client.query('begin');
      await client.query('select pg_advisory_xact_lock_shared(hashtextextended($1, 0))', [
        COPY_LOCK,
      ]);
    }
  }

  /**
   * Has a session do `work` as soon as one is free, and does `after` with what it gives. Resolves
   * when it has begun; rejects if something before it failed.
   */
  async copy<T>(
    work: (client: ClientBase) => Promise<T>,
    after: (result: T) => Promise<void>,
  ): Promise<void> {
    let session = this.#idle.pop();
    while (session === undefined) {
      await Promise.race(this.#copying);
      session = this.#idle.pop();
    }
    const { client, queue } = session;
    const free = session;
    const copying = queue
      .add(() => work(client))
      .then(after)
      .then(() => {
        this.#copying.delete(copying);
        this.#idle.push(free);
      });
    // a failure stays among them, for the next who asks
    copying.catch(() => undefined);
    this.#copying.add(copying);
  }

  /** Resolves when all is done; rejects with the first failure. */
  async end(): Promise<void> {
    await Promise.all(this.#copying);
    await this.first.queue.end();
  }

  /** Commits all but the first session. */
  async commitOthers(): Promise<void> {
    await Promise.all(this.#others.map(({ client }) => client.query('commit')));
  }

  /** Commits the first session, which is the last to do so: what it has written makes the rows of all count. */
  async commitFirst(): Promise<void> {
    await this.first.client.query('commit');
  }

  /** Undoes what was not committed, also where a connection is gone. */
  async rollback(): Promise<void> {
    // what has been begun must not go on behind a rollback, where it would be kept
    await Promise.allSettled(this.#copying);
    await Promise.allSettled([this.first.queue.end()]);
    const sessions = [...this.#others, this.first];
    await Promise.allSettled(sessions.map(({ client }) => client.query('rollback')));
  }
}
