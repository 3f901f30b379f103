import type { ClientBase } from 'pg';
import type { WorkQueue } from './work-queue.js';

/** Ids that are reserved at a time for what was not foreseen: the parts of large responses. */
const MORE = 16;

/** Gives a response_id at a time, each larger than those before: a larger one was landed later. */
export class ResponseIds {
  readonly #client: ClientBase;
  readonly #queue: WorkQueue;
  readonly #reserved: bigint[] = [];

  constructor(client: ClientBase, queue: WorkQueue) {
    this.#client = client;
    this.#queue = queue;
  }

  /** Reserves more, when all before it in the queue is done. */
  reserve(count: number): Promise<void> {
    return this.#queue.add(async () => {
      const { rows } = await this.#client.query<{ id: string }>(
        "select nextval('raw.response_id') as id from generate_series(1, $1)",
        [count],
      );
      this.#reserved.push(...rows.map(({ id }) => BigInt(id)));
    });
  }

  async next(): Promise<bigint> {
    let id = this.#reserved.shift();
    while (id === undefined) {
      await this.reserve(MORE);
      id = this.#reserved.shift();
    }
    return id;
  }
}
