import { pendingBatches } from '../batches/ledger.js';
import { eventTimeOf } from '../batches/time-window.js';
import { materializedOf } from '../lineage.js';
import { ABSENT, batchReasons, type Decision, decided, type Situation } from './decision.js';
import type { ModelContext } from './model-context.js';

/**
 * The landed batches that a model has to take up, if it takes any: those that it has not processed
 * yet, or all of them with `everything`.
 */
export async function batchesOf(
  { client, node, landed, readsNewRows, memory }: ModelContext,
  everything: boolean,
): Promise<readonly string[]> {
  const isFed = materializedOf(node) === 'continuous_aggregate' ? readsNewRows : node.usesNewRows;
  if (!isFed) return [];
  if (everything) return landed;
  const unknown = memory?.batchesAfter(node.uniqueId, landed) ?? landed;
  return pendingBatches(client, node.uniqueId, unknown);
}

/** Of a model whose rows are kept, and added to by each run: what the next one does. */
export async function decideGrowing(
  context: ModelContext,
  situation: Situation,
  rebuild: string | undefined,
): Promise<Decision> {
  const { node } = context;
  const { kind, changes, sqlChanged } = situation;
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
  if (batches.length > 0) return decided(situation, 'update', [...told, ...pending], { batches });
  return decided(situation, changes.length > 0 ? 'alter' : 'unchanged', told);
}
