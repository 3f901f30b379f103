/** What became of a node of a run. */
export interface NodeResult {
  readonly uniqueId: string;
  readonly name: string;
  readonly materialized: string;
  readonly status: 'success' | 'error' | 'skipped';
  readonly message: string;
  readonly warning?: string;
  readonly rows?: number;
  readonly seconds: number;
  /** Where it went wrong, and what to do. */
  readonly file?: string;
  readonly line?: number;
  readonly hint?: string;
}

/** What a transform tells while it runs. */
export interface RunListener {
  onWait(): void;
  onStart(nodes: number): void;
  onNodeStart(index: number, total: number, name: string, materialized: string): void;
  onProgress(readingsDone: number, readingsTotal: number): void;
  onNodeEnd(index: number, total: number, result: NodeResult): void;
}
