import { renderRelation } from '../../project/relation.js';
import { createIndexes } from '../relations/indexes.js';
import { swapTable } from '../relations/swap-table.js';
import { betweenHooks } from './between-hooks.js';
import { ABSENT, decided, type Materialization } from './decision.js';
import { batchesOf } from './growing.js';
import { situationOf } from './relation-changes.js';
import { besideRelation, refusedReplacement } from './replacing.js';
import { createEmptyTable, writeRows } from './write-rows.js';

/** A table is built anew by each run, beside the one that readers use. */
export const table: Materialization = {
  async decide(context) {
    const situation = await situationOf(context);
    const { kind, changes } = situation;
    const refusal = refusedReplacement(context, situation, ['view', 'table']);
    if (refusal !== undefined) return refusal;
    const batches = await batchesOf(context, true);
    if (kind === undefined) return decided(situation, 'create', [ABSENT], { batches });
    return decided(situation, 'rebuild', [...changes, 'a table is built anew by each run'], {
      batches,
    });
  },

  async build(context, { batches }) {
    const { client, node } = context;
    const beside = besideRelation(node);
    const compiled = await context.compileOwn({ isIncremental: false });
    const rows = await betweenHooks(context, compiled, async () => {
      await client.query(`drop table if exists ${renderRelation(beside)}`);
      await createEmptyTable(context, beside, compiled);
      const written = await writeRows(context, beside, compiled, batches, true);
      await createIndexes(client, node, beside, false);
      await swapTable(client, node, beside);
      return written;
    });
    await client.query(`analyze ${renderRelation(node.relation)}`);
    return { rows, message: `SELECT ${rows}` };
  },
};
