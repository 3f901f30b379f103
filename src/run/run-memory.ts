import type { Column } from './catalog/relations.js';

/**
 * What runs of one process that follow each other need not find out again, as long as the project is
 * the same and nobody else has run one in between.
 */
export class RunMemory {
  readonly #processedUpTo = new Map<string, string>();
  readonly #columns = new Map<string, { readonly sql: string; readonly columns: Column[] }>();
  #lastRun: string | undefined;

  /** Begins a run. `lastRun` is the one that ended last in the database: if it is another's, all is forgotten. */
  begin(lastRun: string | undefined): void {
    if (lastRun !== this.#lastRun) this.forget();
  }

  /** Notes the run that is going on. */
  noteRun(runId: string): void {
    this.#lastRun = runId;
  }

  forget(): void {
    this.#processedUpTo.clear();
    this.#columns.clear();
  }

  /** Notes that the relation of a node is all that the project says, with the batches up to this one. */
  settle(node: string, lastBatch: string | undefined): void {
    this.#processedUpTo.set(node, lastBatch ?? '0');
  }

  unsettle(node: string): void {
    this.#processedUpTo.delete(node);
    this.#columns.delete(node);
  }

  isSettled(node: string): boolean {
    return this.#processedUpTo.has(node);
  }

  /** Those of the landed batches, in the order of landing, that a node may not have processed. */
  batchesAfter(node: string, landed: readonly string[]): readonly string[] {
    const upTo = this.#processedUpTo.get(node);
    if (upTo === undefined) return landed;
    const last = landed.lastIndexOf(upTo);
    return landed.slice(last + 1);
  }

  /** The columns that the SQL of a node gives, which `find` finds out the first time. */
  async columnsOf(node: string, sql: string, find: () => Promise<Column[]>): Promise<Column[]> {
    const known = this.#columns.get(node);
    if (known?.sql === sql && this.isSettled(node)) return known.columns;
    const columns = await find();
    this.#columns.set(node, { sql, columns });
    return columns;
  }
}
