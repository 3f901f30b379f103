import { inTransaction } from '../../database/transaction.js';
import { renderRelation } from '../../project/relation.js';
import { findRelation } from '../relations/catalog.js';
import { describeRelation } from '../relations/docs.js';
import { applyGrants } from '../relations/grants.js';
import { createIndexes } from '../relations/indexes.js';
import { swapTable } from '../relations/swap-table.js';
import { microbatch } from './microbatch.js';
import type { Materialization } from './model-context.js';
import { besideRelation, refuseToReplace } from './replacing.js';
import { createEmptyTable, writeRows } from './write-rows.js';

export const incremental: Materialization = async (context) => {
  const { client, node } = context;
  if (node.config.incremental_strategy === 'microbatch') return microbatch(context);
  const kind = await findRelation(client, node.relation);
  await refuseToReplace(context, kind, ['table', 'view']);
  const rebuild = kind !== 'table' || context.fullRefresh;
  const target = rebuild ? besideRelation(node) : node.relation;
  // what has just been made empty is still filled a slice at a time, each seeing those before it
  const compiled = await context.compile(node, { isIncremental: true, target });
  const rows = await inTransaction(client, async () => {
    for (const hook of compiled.preHooks) await client.query(hook);
    if (rebuild) {
      await client.query(`drop table if exists ${renderRelation(target)}`);
      const first = await context.compile(node, { isIncremental: false, target });
      await createEmptyTable(context, target, first);
    }
    await createIndexes(client, node, target, true);
    const reader =
      rebuild && !node.usesNewRows
        ? await context.compile(node, { isIncremental: false, target })
        : compiled;
    const written = await writeRows(context, target, reader, rebuild);
    if (rebuild) await swapTable(client, node, target);
    await describeRelation(client, node, node.relation, 'table');
    await applyGrants(client, node, node.relation);
    const hooks = rebuild
      ? (await context.compile(node, { isIncremental: false })).postHooks
      : compiled.postHooks;
    for (const hook of hooks) await client.query(hook);
    return written;
  });
  await client.query(`analyze ${renderRelation(node.relation)}`);
  return { rows, message: `${rebuild ? 'CREATE' : 'INSERT'} ${rows}` };
};
