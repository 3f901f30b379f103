/** Work of one connection: begun in the order of asking, while the asker goes on. */
export class WorkQueue {
  #last: Promise<unknown> = Promise.resolve();

  /** Does `work` when all before it is done; after a failure nothing is begun any more. */
  add<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work);
    this.#last = result;
    // a failure is met where results or the end are awaited; until then it is not unhandled
    result.catch(() => undefined);
    return result;
  }

  /** Resolves when all is done; rejects with the first failure. */
  async end(): Promise<void> {
    await this.#last;
  }
}
