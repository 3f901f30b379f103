import { inTransaction } from '../../database/transaction.js';
import { type Relation, renderRelation } from '../../project/relation.js';
import { recordBatches } from '../batches/ledger.js';
import { createIndexes } from '../relations/indexes.js';
import { flagConfig, groupConfig, intervalOf } from '../relations/model-config.js';
import { applyChunkInterval } from '../timescale/hypertables.js';
import { applyCompressionSettings, applyPolicies } from '../timescale/policies.js';
import { refreshTouched, refreshUpTo } from '../timescale/refresh.js';
import { keepingOf } from './aggregate-loss.js';
import { betweenHooks, runHooks } from './between-hooks.js';
import { createAggregate } from './create-aggregate.js';
import { ABSENT, batchReasons, decided, type Materialization } from './decision.js';
import { batchesOf } from './growing.js';
import type { ModelContext } from './model-context.js';
import { builtAggregates, rebuildBeside } from './rebuild-beside.js';
import { situationOf } from './relation-changes.js';
import { refusedReplacement } from './replacing.js';

/**
 * A continuous aggregate: made once, refreshed where new batches touch it, and rebuilt beside when
 * its query has changed and nothing is lost by it, or when asked to.
 */
export const continuousAggregate: Materialization = {
  async decide(context) {
    const { node } = context;
    const situation = await situationOf(context);
    const { kind, changes, sqlChanged, configChanged } = situation;
    const refusal = refusedReplacement(context, situation, ['continuous_aggregate']);
    if (refusal !== undefined) return refusal;
    const rebuilt = context.rebuilt.has(node.uniqueId);
    const keeping =
      sqlChanged && !rebuilt && !context.fullRefresh ? await keepingOf(context) : undefined;
    const anew = context.fullRefresh || (sqlChanged && keeping === undefined);
    const batches = await batchesOf(context, kind === undefined || (anew && !rebuilt));
    const pending = batchReasons(batches);
    if (kind === undefined) return decided(situation, 'create', [ABSENT, ...pending], { batches });
    if (rebuilt) {
      return decided(situation, 'rebuild', ['it is rebuilt with what it reads'], { batches });
    }
    if (anew) {
      const rebuiltWith = await builtAggregates(context);
      const reasons = context.fullRefresh ? [...changes, '--full-refresh'] : changes;
      return decided(situation, 'rebuild', reasons, { batches, rebuiltWith });
    }
    if (keeping !== undefined) {
      const { reason, model } = keeping;
      const command = `\`belt transform --full-refresh --select ${model.name}+\``;
      return decided(situation, 'refused', [...changes, reason], {
        batches,
        hint: `Rebuild it all the same with ${command}; until then it keeps its query.`,
        warning: `The query of ${node.name} has changed, but a continuous aggregate keeps the one that it was made with, and ${reason}. Run ${command} to rebuild it all the same.`,
      });
    }
    if (refreshesStale(context)) {
      return decided(situation, 'refresh', [...changes, 'what is out of date is refreshed']);
    }
    if (batches.length > 0) {
      return decided(situation, 'refresh', [...changes, ...pending], { batches });
    }
    return decided(situation, configChanged ? 'alter' : 'unchanged');
  },

  async build(context, decision) {
    const { client, node } = context;
    const { action, batches, configChanged, warning } = decision;
    const rebuilt = context.rebuilt.has(node.uniqueId);
    if (action === 'rebuild' && !rebuilt) {
      await rebuildBeside(context, decision, {
        create: (beside, { sql }) => createAggregate(context, node, beside, sql),
        fill: async () => 0,
      });
      return { message: 'REBUILD' };
    }
    const isNew = action === 'create';
    const { sql, preHooks, postHooks } = await context.compileOwn({ isIncremental: !isNew });
    await betweenHooks(
      context,
      { preHooks, postHooks: [] },
      async () => {
        if (isNew) await createAggregate(context, node, node.relation, sql);
        else if (configChanged) await alterAggregate(context, node.relation);
        if (!context.isSettled) await applyPolicies(client, node, node.relation, configChanged);
      },
      'view',
    );
    // a refresh commits by itself, so the ledger follows it: after a crash it is only done once more
    const windows = refreshesStale(context)
      ? await refreshStale(context)
      : await refreshTouched(client, node.relation, batches);
    await inTransaction(client, async () => {
      await recordBatches(client, node.uniqueId, batches, isNew);
      await runHooks(client, postHooks);
    });
    const verb = isNew ? 'CREATE' : rebuilt ? 'REBUILD' : 'REFRESH';
    return {
      message: `${verb} ${windows} ${windows === 1 ? 'window' : 'windows'}`,
      ...(warning === undefined ? {} : { warning }),
    };
  },
};

/** Whether each run refreshes what is out of date, as dbt-timescaledb does: no batch tells what is. */
function refreshesStale({ node, readsNewRows }: ModelContext): boolean {
  return !readsNewRows && flagConfig(node, 'refresh_now', true);
}

/** All that is out of date, but for the newest that the refresh policy leaves out too. */
async function refreshStale({ client, node }: ModelContext): Promise<number> {
  const policy = groupConfig(node, 'refresh_policy');
  const endOffset = intervalOf(policy?.end_offset);
  await refreshUpTo(client, node.relation, endOffset);
  return 1;
}

async function alterAggregate(context: ModelContext, relation: Relation): Promise<void> {
  const { client, node } = context;
  await client.query(
    `alter materialized view ${renderRelation(relation)}
      set (timescaledb.materialized_only = ${flagConfig(node, 'materialized_only', false)})`,
  );
  await applyChunkInterval(client, node, relation);
  await createIndexes(client, node, relation, false);
  await applyCompressionSettings(client, node, relation, 'materialized view');
}
