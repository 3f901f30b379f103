import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { ModelNode } from '../project/nodes.js';
import { renderRelation } from '../project/relation.js';
import type { RelationState } from './ledger.js';
import type { ModelContext } from './model-context.js';

/** What the relation of a model is built from now. */
export function currentState(context: ModelContext): RelationState {
  const { node } = context;
  const sql = context.compile(node, { isIncremental: false }).sql;
  return {
    relation: renderRelation(node.relation),
    materialized: String(node.config.materialized ?? 'view'),
    sqlChecksum: createHash('sha256').update(sql).digest('hex'),
    // as it comes back from jsonb, for comparison
    config: JSON.parse(JSON.stringify(node.config)) as Record<string, unknown>,
  };
}

export function configChanged(node: ModelNode, state: RelationState | undefined): boolean {
  return (
    state === undefined || !isDeepStrictEqual(JSON.parse(JSON.stringify(node.config)), state.config)
  );
}

export function sqlChanged(context: ModelContext, state: RelationState | undefined): boolean {
  return state !== undefined && currentState(context).sqlChecksum !== state.sqlChecksum;
}
