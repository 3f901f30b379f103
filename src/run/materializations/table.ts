import { inTransaction } from '../../database/transaction.js';
import { renderRelation } from '../../project/relation.js';
import { findRelation } from '../relations/catalog.js';
import { describeRelation } from '../relations/docs.js';
import { applyGrants } from '../relations/grants.js';
import { createIndexes } from '../relations/indexes.js';
import { swapTable } from '../relations/swap-table.js';
import type { Materialization } from './model-context.js';
import { besideRelation, refuseToReplace } from './replacing.js';
import { createEmptyTable, writeRows } from './write-rows.js';

export const table: Materialization = async (context) => {
  const { client, node } = context;
  const beside = besideRelation(node);
  const compiled = await context.compile(node, { isIncremental: false });
  const kind = await findRelation(client, node.relation);
  await refuseToReplace(context, kind, ['view', 'table']);
  const rows = await inTransaction(client, async () => {
    for (const hook of compiled.preHooks) await client.query(hook);
    await client.query(`drop table if exists ${renderRelation(beside)}`);
    await createEmptyTable(context, beside, compiled);
    const written = await writeRows(context, beside, compiled, true);
    await createIndexes(client, node, beside, false);
    await swapTable(client, node, beside);
    await describeRelation(client, node, node.relation, 'table');
    await applyGrants(client, node, node.relation);
    for (const hook of compiled.postHooks) await client.query(hook);
    return written;
  });
  await client.query(`analyze ${renderRelation(node.relation)}`);
  return { rows, message: `SELECT ${rows}` };
};
