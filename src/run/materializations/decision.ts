import type { BeltError } from '../../errors.js';
import type { ModelNode } from '../../project/nodes.js';
import type { RebuiltPart } from '../batches/followed-windows.js';
import type { RelationState } from '../batches/ledger.js';
import type { TimeWindow } from '../batches/time-window.js';
import type { RelationKind } from '../catalog/relations.js';
import type { Untold } from './keep-untold.js';
import type { ModelContext, ModelOutcome } from './model-context.js';

/** What becomes of a node's relation. */
export type Action =
  | 'create'
  | 'replace'
  | 'alter'
  | 'rebuild'
  | 'update'
  | 'refresh'
  | 'unchanged'
  | 'refused';

/** How the relation of a node stands before it is built. */
export interface Situation {
  readonly kind: RelationKind | undefined;
  /** What it was built from; undefined where belt has not built it. */
  readonly state: RelationState | undefined;
  readonly sqlChanged: boolean;
  readonly configChanged: boolean;
  /** What has changed since it was built, for people. */
  readonly changes: readonly string[];
}

/** What a materialization is going to do with a node, and why. */
export interface Decision extends Situation {
  readonly action: Action;
  /** Why, for people. */
  readonly reasons: readonly string[];
  /** Ids of the landed batches that it takes up. */
  readonly batches: readonly string[];
  /** Continuous aggregates that are rebuilt with it. */
  readonly rebuiltWith: readonly ModelNode[];
  /** Rebuilt parts of what it reads, whose responses it processes again. */
  readonly rebuilt?: readonly RebuiltPart[];
  /** Of a microbatch model. */
  readonly windows?: readonly TimeWindow[];
  /** What raw can't tell of a rebuild: it is kept. */
  readonly untold?: Untold;
  /** What was built, or left, for want of raw. */
  readonly remark?: string;
  /** Something to act on, though it is done. */
  readonly warning?: string;
  /** Why nothing can be done: the fault of the node. */
  readonly refusal?: BeltError;
  /** What to do about what is refused. */
  readonly hint?: string;
}

/** Decides what to do with a model, which a plan tells, and does it. */
export interface Materialization {
  decide(context: ModelContext): Promise<Decision>;
  build(context: ModelContext, decision: Decision): Promise<ModelOutcome>;
}

export const ABSENT = 'it is not there yet';

/** A decision in a situation; because of what has changed, where no reasons are given. */
export function decided(
  situation: Situation,
  action: Action,
  reasons: readonly string[] = situation.changes,
  more: Partial<Decision> = {},
): Decision {
  return { ...situation, action, reasons, batches: [], rebuiltWith: [], ...more };
}

/** The decision that a fault stands in the way of. */
export function refused(situation: Situation, reason: string, refusal: BeltError): Decision {
  const { hint } = refusal;
  return decided(situation, 'refused', [reason], {
    refusal,
    ...(hint === undefined ? {} : { hint }),
  });
}

/** Why a model has something to take up. */
export function batchReasons(batches: readonly string[]): string[] {
  if (batches.length === 0) return [];
  return [`${batches.length} new ${batches.length === 1 ? 'batch' : 'batches'}`];
}
