import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { renderRelation } from '../../project/relation.js';
import { type RelationState, readRelationState } from '../batches/ledger.js';
import { findRelation } from '../catalog/relations.js';
import type { Situation } from './decision.js';
import type { ModelContext } from './model-context.js';

/** What the relation of a model is built from now. */
export async function currentState(context: ModelContext): Promise<RelationState> {
  const { node } = context;
  const { sql } = await context.compile(node, { isIncremental: false });
  return {
    relation: renderRelation(node.relation),
    materialized: String(node.config.materialized ?? 'view'),
    sqlChecksum: checksumOf(sql),
    config: asStored(node.config),
  };
}

/** What tells one SQL from another, in the state of a relation. */
export function checksumOf(sql: string): string {
  return createHash('sha256').update(sql).digest('hex');
}

/** How the relation of a model stands, and what has changed since it was built. */
export async function situationOf(context: ModelContext): Promise<Situation> {
  const { client, node } = context;
  const kind = await findRelation(client, node.relation);
  const state = await readRelationState(client, node.uniqueId);
  const isAsBefore = state === undefined || context.isSettled;
  const current = isAsBefore ? undefined : await context.ask(() => currentState(context));
  const sqlChanged = current !== undefined && current.sqlChecksum !== state?.sqlChecksum;
  const configChanged = !isDeepStrictEqual(asStored(node.config), state?.config);
  return {
    kind,
    state,
    sqlChanged,
    configChanged,
    changes: [
      ...(state === undefined ? ['belt has not built it before'] : []),
      ...(sqlChanged ? ['SQL changed'] : []),
      ...(state !== undefined && configChanged ? ['config changed'] : []),
    ],
  };
}

/** A config as it comes back from jsonb, for comparison. */
export function asStored(config: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return JSON.parse(JSON.stringify(config)) as Record<string, unknown>;
}
