import type { PoolClient } from 'pg';
import type { CompiledModel } from '../project/compile.js';
import type { ModelNode } from '../project/nodes.js';
import type { Relation } from '../project/relation.js';

/** How a model is to be compiled for one use. */
export interface CompileUse {
  readonly isIncremental: boolean;
  /** Where the model itself is built, if not under its own name. */
  readonly target?: Relation;
  /** Models that are read under another name while they are built beside the old ones. */
  readonly shadows?: ReadonlyMap<string, Relation>;
}

/** What a materialization needs to build one model. */
export interface ModelContext {
  readonly client: PoolClient;
  readonly node: ModelNode;
  /** Asked for, and not forbidden by the model's config. */
  readonly fullRefresh: boolean;
  /** Continuous aggregates over this model, direct and indirect, in order. */
  readonly aggregatesOver: readonly ModelNode[];
  /** Whether the engine lacks a checkpointer. */
  readonly checkpoints: boolean;
  compile(node: ModelNode, use: CompileUse): CompiledModel;
  /** Models that were rebuilt together with another one in this run. */
  readonly rebuilt: Set<string>;
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
}

export type Materialization = (context: ModelContext) => Promise<ModelOutcome>;
