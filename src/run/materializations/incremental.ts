import type { ModelNode } from '../../project/nodes.js';
import { renderRelation } from '../../project/relation.js';
import { createIndexes } from '../relations/indexes.js';
import { choiceConfig } from '../relations/model-config.js';
import { swapTable } from '../relations/swap-table.js';
import { writeBetweenHooks } from './between-hooks.js';
import type { Materialization } from './decision.js';
import { follow, followAll, isAtOnce, writeWhole } from './follow-rebuilt.js';
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
        : situation.sqlChanged && isRebuiltOnChange(context.node)
          ? 'its query is another one'
          : undefined;
    return (
      refusedReplacement(context, situation, ['table', 'view']) ??
      decideGrowing(context, situation, rebuild)
    );
  },

  async build(context, { action, batches, rebuilt = [], configChanged, untold }) {
    const { client, node } = context;
    const anew = action === 'create' || action === 'rebuild';
    const target = anew ? besideRelation(node) : node.relation;
    const atOnce = !anew && node.usesNewRows && isAtOnce(node);
    const use = { isIncremental: !anew, target, wholeResponses: atOnce };
    const compiled = await context.compileOwn(use);
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
      write: async () => {
        if (atOnce) return writeWhole(context, compiled, batches, rebuilt);
        const written = await writeRows(context, target, compiled, batches, anew);
        return anew || rebuilt.length === 0 ? written : written + (await follow(context, rebuilt));
      },
      finish: async () => {
        const kept = untold === undefined ? 0 : await keepUntold(context, target, untold);
        if (anew) {
          await followAll(context);
          await swapTable(client, node, target);
        }
        return kept;
      },
    });
    await client.query(`analyze ${renderRelation(node.relation)}`);
    return { rows, message: `${anew ? 'CREATE' : 'INSERT'} ${rows}` };
  },
};

function isRebuiltOnChange(node: ModelNode): boolean {
  return choiceConfig<'keep' | 'rebuild'>(node, 'on_query_change', 'keep') === 'rebuild';
}
