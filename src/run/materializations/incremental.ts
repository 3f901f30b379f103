import { renderRelation } from '../../project/relation.js';
import { createIndexes } from '../relations/indexes.js';
import { swapTable } from '../relations/swap-table.js';
import { writeBetweenHooks } from './between-hooks.js';
import type { Materialization } from './decision.js';
import { decideGrowing } from './growing.js';
import { keepUntold } from './keep-untold.js';
import { situationOf } from './relation-changes.js';
import { besideRelation, refusedReplacement } from './replacing.js';
import { keyIsUnique } from './strategies.js';
import { alterPersistence, createEmptyTable, writeRows } from './write-rows.js';

/** A table whose rows are added to or corrected; a full refresh builds it anew beside the old. */
export const incremental: Materialization = {
  async decide(context) {
    const situation = await situationOf(context);
    const rebuild = context.fullRefresh
      ? '--full-refresh'
      : situation.kind === 'view'
        ? 'it exists as a view'
        : undefined;
    return (
      refusedReplacement(context, situation, ['table', 'view']) ??
      decideGrowing(context, situation, rebuild)
    );
  },

  async build(context, { action, batches, configChanged, untold }) {
    const { client, node } = context;
    const anew = action === 'create' || action === 'rebuild';
    const target = anew ? besideRelation(node) : node.relation;
    const compiled = await context.compileOwn({ isIncremental: !anew, target });
    const rows = await writeBetweenHooks(context, compiled, batches, {
      anew,
      prepare: async () => {
        if (anew) {
          await client.query(`drop table if exists ${renderRelation(target)}`);
          await createEmptyTable(context, target, compiled);
        } else if (configChanged) {
          await alterPersistence(context);
        }
        if (!context.isSettled) await createIndexes(client, node, target, keyIsUnique(node));
      },
      write: () => writeRows(context, target, compiled, batches, anew),
      finish: async () => {
        const kept = untold === undefined ? 0 : await keepUntold(context, target, untold);
        if (anew) await swapTable(client, node, target);
        return kept;
      },
    });
    await client.query(`analyze ${renderRelation(node.relation)}`);
    return { rows, message: `${anew ? 'CREATE' : 'INSERT'} ${rows}` };
  },
};
