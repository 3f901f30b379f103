import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { ModelNode } from '../../project/nodes.js';
import { renderRelation } from '../../project/relation.js';
import type { RelationState } from '../batches/ledger.js';
import type { ModelContext } from './model-context.js';

/** What the relation of a model is built from now. */
export async function currentState(context: ModelContext): Promise<RelationState> {
  const { node } = context;
  const { sql } = await context.compile(node, { isIncremental: false });
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

export async function sqlChanged(
  context: ModelContext,
  state: RelationState | undefined,
): Promise<boolean> {
  return state !== undefined && (await currentState(context)).sqlChecksum !== state.sqlChecksum;
}
