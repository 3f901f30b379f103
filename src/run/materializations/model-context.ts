import type { ClientBase, PoolClient } from 'pg';
import type { ModelNode } from '../../project/nodes.js';
import type { Relation } from '../../project/relation.js';
import type { CompiledModel } from '../../project/templates/compile.js';
import type { Resource } from '../../raw/resource.js';
import type { TimeWindow } from '../batches/time-window.js';
import type { BatchResults } from '../run-events.js';
import type { RunMemory } from '../run-memory.js';

/** How a model is to be compiled for one use. */
export interface CompileUse {
  readonly isIncremental: boolean;
  /** Where the model itself is built, if not under its own name. */
  readonly target?: Relation;
  /** Models that are read under another name while they are built beside the old ones. */
  readonly shadows?: ReadonlyMap<string, Relation>;
  /** The batch of event time that is built, of a microbatch model. */
  readonly batch?: TimeWindow;
  /** Whether new_rows() gives whole responses that are processed again, not a slice of batches. */
  readonly wholeResponses?: boolean;
}

/** What a materialization needs to build one model. */
export interface ModelContext {
  readonly client: PoolClient;
  /** How many sessions the run has, of which this one is the model's own. */
  readonly sessions: number;
  /** Runs jobs on the model's own session, and on others that are free. Gives the faults of those that failed. */
  share<T>(
    jobs: readonly T[],
    work: (job: T, client: ClientBase) => Promise<void>,
  ): Promise<unknown[]>;
  readonly node: ModelNode;
  /** Asked for, and not forbidden by the model's config. */
  readonly fullRefresh: boolean;
  /** Continuous aggregates over this model, direct and indirect, in order. */
  readonly aggregatesOver: readonly ModelNode[];
  /** Continuous aggregates that this model reads, itself or through ephemeral models. */
  readonly aggregatesUnder: readonly ModelNode[];
  /** Ids of the batches that had been landed when the run began: what lands since is the next one's. */
  readonly landed: readonly string[];
  /** Whether an earlier run of this process has brought its relation to all that the project says. */
  readonly isSettled: boolean;
  readonly memory: RunMemory | undefined;
  /** Unique ids of the models that it reads, also through others. */
  readonly above: readonly string[];
  /** Of these, those that take landed batches: it takes up what they have. */
  readonly fedAbove: readonly string[];
  /** The resources whose responses it asks for by new_rows(). */
  readonly landedResources: readonly Resource[];
  /** The relations that it asks for by new_rows(). */
  readonly newRowsOf: readonly Relation[];
  /** Whether it may be rebuilt though raw is gone: then what raw can't tell is kept. */
  readonly allowsMissingRaw: boolean;
  /** Whether it, or what it reads, takes landed batches as they come. */
  readonly readsNewRows: boolean;
  /** Whether the engine lacks a checkpointer. */
  readonly checkpoints: boolean;
  compile(node: ModelNode, use: CompileUse): Promise<CompiledModel>;
  /** Compiles the model itself for what is built: target/compiled shows the last one of a run. */
  compileOwn(use: CompileUse): Promise<CompiledModel>;
  /** Asks what a plan may not know: what is read may not have been built then. Undefined then. */
  ask<T>(question: () => Promise<T>): Promise<T | undefined>;
  /** The window of event time that was asked for. */
  readonly eventTime: Partial<TimeWindow>;
  /** The batches that a run before this one failed to build, if it is a retry. */
  readonly retried: readonly TimeWindow[] | undefined;
  readonly signal: AbortSignal;
  /** Models that were rebuilt together with another one in this run. */
  readonly rebuilt: ReadonlySet<string>;
  onProgress(readingsDone: number, readingsTotal: number): void;
}

/** What became of a model that was built. */
export interface ModelOutcome {
  /** Rows written; undefined where that has no meaning, as for a view. */
  readonly rows?: number;
  /** What the model's line says, for example `CREATE VIEW`. */
  readonly message: string;
  /** Something to act on, though the model was built. */
  readonly warning?: string;
  /** Of a microbatch model. */
  readonly batches?: BatchResults;
}
