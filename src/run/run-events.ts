export type NodeStatus =
  | 'success'
  | 'error'
  | 'skipped'
  | 'pass'
  | 'fail'
  | 'warn'
  | 'partial success';

/** What became of a node of a run. */
export interface NodeResult {
  readonly uniqueId: string;
  readonly name: string;
  readonly materialized: string;
  readonly status: NodeStatus;
  readonly message: string;
  readonly warning?: string;
  readonly rows?: number;
  /** Of a test: rows that should not be. */
  readonly failures?: number;
  readonly startedAt: string;
  readonly seconds: number;
  /** Which of the threads ran it, from 1. */
  readonly thread: number;
  /** Its SQL with all Jinja rendered; undefined where it was not compiled. */
  readonly compiledCode?: string;
  /** The statements that changed something. */
  readonly runCode?: string;
  /** Of a microbatch model: the starts and ends of its batches. */
  readonly batches?: BatchResults;
  /** Where it went wrong, and what to do. */
  readonly file?: string;
  readonly line?: number;
  readonly hint?: string;
}

/** Starts and ends of batches of event time. */
export interface BatchResults {
  readonly successful: readonly (readonly [string, string])[];
  readonly failed: readonly (readonly [string, string])[];
}

/** Whether what follows from a node can go on, and nothing of it is to be run again. */
export function isGood(status: string): boolean {
  return status === 'success' || status === 'pass' || status === 'warn';
}

/** What a run tells while it goes on. */
export interface RunListener {
  onWait(): void;
  onStart(nodes: number): void;
  onNodeStart(index: number, total: number, name: string, materialized: string): void;
  onProgress(readingsDone: number, readingsTotal: number): void;
  onNodeEnd(index: number, total: number, result: NodeResult): void;
  /** What a template logs; `info` is for people, else for --debug. */
  onLog?(message: string, info: boolean): void;
}
