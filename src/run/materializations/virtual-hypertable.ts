import { inTransaction } from '../../database/transaction.js';
import { BeltError } from '../../errors.js';
import { renderRelation } from '../../project/relation.js';
import { readRelationState } from '../batches/ledger.js';
import { findRelation } from '../relations/catalog.js';
import { describeRelation } from '../relations/docs.js';
import { applyGrants } from '../relations/grants.js';
import { applyPolicies } from '../timescale/policies.js';
import { alterHypertable } from './hypertable.js';
import type { Materialization } from './model-context.js';
import { configChanged } from './relation-changes.js';

/** A hypertable that others make and fill: only its settings and policies are the model's. */
export const virtualHypertable: Materialization = async (context) => {
  const { client, node } = context;
  const compiled = await context.compile(node, { isIncremental: true });
  await inTransaction(client, async () => {
    for (const hook of compiled.preHooks) await client.query(hook);
    const kind = await findRelation(client, node.relation);
    if (kind !== 'hypertable') {
      throw new BeltError(
        `${renderRelation(node.relation)} is ${kind === undefined ? 'not there' : `a ${kind.replaceAll('_', ' ')}`}, and ${node.name} only looks after a hypertable that others made.`,
        {
          location: { file: node.path },
          hint: "Make the hypertable first, or let belt do it: materialized='hypertable'.",
        },
      );
    }
    const changed = configChanged(node, await readRelationState(client, node.uniqueId));
    if (changed) await alterHypertable(context);
    await applyPolicies(client, node, node.relation, changed);
    await describeRelation(client, node, node.relation, 'table');
    await applyGrants(client, node, node.relation);
    for (const hook of compiled.postHooks) await client.query(hook);
  });
  return { message: 'ALTER HYPERTABLE' };
};
