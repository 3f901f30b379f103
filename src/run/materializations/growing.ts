import { BeltError } from '../../errors.js';
import { renderRelation } from '../../project/relation.js';
import { pendingParts } from '../batches/followed-windows.js';
import { pendingBatches, processedBatches } from '../batches/ledger.js';
import { parallelBy } from '../batches/shards.js';
import { eventTimeOf } from '../batches/time-window.js';
import { followsWindows } from '../batches/window-works.js';
import { columnsOf } from '../catalog/relations.js';
import { materializedOf } from '../lineage.js';
import {
  ABSENT,
  batchReasons,
  type Decision,
  decided,
  refused,
  type Situation,
} from './decision.js';
import type { ModelContext } from './model-context.js';

/**
 * The landed batches that a model has to take up, if it takes any: those that it has not processed
 * yet, or all of them with `everything`; without those that a model which it reads has not yet.
 */
export async function batchesOf(
  { client, node, landed, fedAbove, readsNewRows, memory }: ModelContext,
  everything: boolean,
): Promise<readonly string[]> {
  const isFed = materializedOf(node) === 'continuous_aggregate' ? readsNewRows : node.usesNewRows;
  if (!isFed) return [];
  if (everything) return processedBatches(client, fedAbove, landed);
  const unknown = memory?.batchesAfter(node.uniqueId, landed) ?? landed;
  const ready = await processedBatches(client, fedAbove, unknown);
  return pendingBatches(client, node.uniqueId, ready);
}

/** Of a model whose rows are kept, and added to by each run: what the next one does. */
export async function decideGrowing(
  context: ModelContext,
  situation: Situation,
  rebuild: string | undefined,
): Promise<Decision> {
  const { node } = context;
  const { kind, changes, sqlChanged } = situation;
  const fault = await parallelFault(context);
  if (fault !== undefined) return refused(situation, fault.message, fault);
  const batches = await batchesOf(context, kind === undefined || rebuild !== undefined);
  const pending = batchReasons(batches);
  if (kind === undefined) return decided(situation, 'create', [ABSENT, ...pending], { batches });
  if (rebuild !== undefined) {
    return decided(situation, 'rebuild', [...changes, rebuild], { batches });
  }
  const told =
    sqlChanged && eventTimeOf(node) !== undefined && node.usesNewRows
      ? [...changes, 'rows of before stay as they are until a window or --full-refresh']
      : changes;
  if (!node.usesNewRows) {
    return decided(situation, 'update', [...told, 'its query says what is new']);
  }
  const rebuilt = followsWindows(node)
    ? await pendingParts(context.client, node.uniqueId, context.above)
    : [];
  const follows = rebuilt.length > 0 ? ['what it reads was rebuilt'] : [];
  if (batches.length > 0 || rebuilt.length > 0) {
    return decided(situation, 'update', [...told, ...pending, ...follows], { batches, rebuilt });
  }
  return decided(situation, changes.length > 0 ? 'alter' : 'unchanged', told);
}

/** What stands against sharing a model out: a relation of its new_rows() without the column. */
async function parallelFault(context: ModelContext): Promise<BeltError | undefined> {
  const { client, node, newRowsOf, isSettled } = context;
  const column = parallelBy(node);
  if (column === undefined || isSettled) return undefined;
  for (const relation of newRowsOf) {
    const name = renderRelation(relation);
    const columns = await context.ask(() => columnsOf(client, name));
    if (columns === undefined || columns.some((one) => one.name === column)) continue;
    return new BeltError(
      `${node.name} has parallel_by ${column}, which ${name} of its new_rows() has not.`,
      {
        location: { file: node.path },
        hint: `Name a column of what it reads by new_rows(): ${columns.map((one) => one.name).join(', ')}.`,
      },
    );
  }
  return undefined;
}
