import { inTransaction } from '../../database/transaction.js';
import { type Relation, renderRelation } from '../../project/relation.js';
import { readRelationState, recordBatches } from '../batches/ledger.js';
import { pendingWork } from '../batches/slices.js';
import { findRelation } from '../relations/catalog.js';
import { describeRelation } from '../relations/docs.js';
import { applyGrants } from '../relations/grants.js';
import { createIndexes } from '../relations/indexes.js';
import { flagConfig, groupConfig, intervalOf } from '../relations/model-config.js';
import { applyCompressionSettings, applyPolicies } from '../timescale/policies.js';
import { refreshTouched, refreshUpTo } from '../timescale/refresh.js';
import { lossOfRebuild } from './aggregate-loss.js';
import { createAggregate } from './create-aggregate.js';
import type { Materialization, ModelContext } from './model-context.js';
import { rebuildBeside } from './rebuild-beside.js';
import { configChanged, sqlChanged } from './relation-changes.js';
import { refuseToReplace } from './replacing.js';

/**
 * A continuous aggregate: made once, refreshed where new batches touch it, and rebuilt beside when
 * its query has changed and nothing is lost by it, or when asked to.
 */
export const continuousAggregate: Materialization = async (context) => {
  const { client, node } = context;
  const kind = await findRelation(client, node.relation);
  await refuseToReplace(context, kind, ['continuous_aggregate']);
  const rebuilt = context.rebuilt.has(node.uniqueId);
  const state = await readRelationState(client, node.uniqueId);
  const changed = kind !== undefined && !rebuilt && (await sqlChanged(context, state));
  const loss = changed && !context.fullRefresh ? await lossOfRebuild(context) : undefined;
  if (kind !== undefined && !rebuilt && (context.fullRefresh || (changed && loss === undefined))) {
    await rebuildBeside(context, async (beside, shadows) => {
      await createAggregate(context, node, beside, shadows);
      return 0;
    });
    return { message: 'REBUILD' };
  }
  const compiled = await context.compile(node, { isIncremental: kind !== undefined });
  await inTransaction(client, async () => {
    for (const hook of compiled.preHooks) await client.query(hook);
    if (kind === undefined) {
      await createAggregate(context, node, node.relation, new Map());
    } else if (configChanged(node, state)) {
      await alterAggregate(context, node.relation);
    }
    await applyPolicies(client, node, node.relation, configChanged(node, state));
    await describeRelation(client, node, node.relation, 'view');
    await applyGrants(client, node, node.relation);
  });
  // a refresh commits by itself, so the ledger follows it: after a crash it is only done once more
  const work = await pendingWork(client, node.uniqueId, kind === undefined);
  const windows = context.readsNewRows
    ? await refreshTouched(client, node.relation, work.batches)
    : await refreshStale(context);
  await inTransaction(client, async () => {
    await recordBatches(client, node.uniqueId, work.batches, kind === undefined);
    for (const hook of compiled.postHooks) await client.query(hook);
  });
  const verb = kind === undefined ? 'CREATE' : rebuilt ? 'REBUILD' : 'REFRESH';
  return {
    message: `${verb} ${windows} ${windows === 1 ? 'window' : 'windows'}`,
    ...(loss !== undefined
      ? {
          warning: `The query of ${node.name} has changed, but a continuous aggregate keeps the one that it was made with, and making it anew would lose ${loss}. Run \`belt transform --full-refresh --select ${node.name}+\` to rebuild it all the same.`,
        }
      : {}),
  };
};

/** What no landed batch feeds is refreshed as dbt-timescaledb does, where it is out of date. */
async function refreshStale({ client, node }: ModelContext): Promise<number> {
  if (!flagConfig(node, 'refresh_now', true)) return 0;
  const policy = groupConfig(node, 'refresh_policy');
  const endOffset = intervalOf(node, 'refresh_policy.end_offset', policy?.end_offset);
  await refreshUpTo(client, node.relation, endOffset);
  return 1;
}

async function alterAggregate(context: ModelContext, relation: Relation): Promise<void> {
  const { client, node } = context;
  await client.query(
    `alter materialized view ${renderRelation(relation)}
      set (timescaledb.materialized_only = ${flagConfig(node, 'materialized_only', false)})`,
  );
  await createIndexes(client, node, relation, false);
  await applyCompressionSettings(client, node, relation, 'materialized view');
}
