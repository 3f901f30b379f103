import { inTransaction } from '../../database/transaction.js';
import type { ModelNode } from '../../project/nodes.js';
import type { CompiledModel } from '../../project/templates/compile.js';
import {
  pendingParts,
  type RebuiltPart,
  recordFollowed,
  responsesOf,
} from '../batches/followed-windows.js';
import { recordBatches } from '../batches/ledger.js';
import { parallelBy } from '../batches/shards.js';
import type { TimeWindow } from '../batches/time-window.js';
import { followsWindows } from '../batches/window-works.js';
import { choiceConfig } from '../relations/model-config.js';
import type { ModelContext } from './model-context.js';
import { writeResponses } from './write-rows.js';

/** Whether one statement takes up all that is new: for what must see all changes of a row together. */
export function isAtOnce(node: ModelNode): boolean {
  return choiceConfig<'in_slices' | 'at_once'>(node, 'new_rows', 'in_slices') === 'at_once';
}

/**
 * Processes the responses of batches, and again those of rebuilt parts; `compiled` is the model for
 * whole responses. Gives the rows written.
 */
export async function writeWhole(
  context: ModelContext,
  compiled: CompiledModel,
  batches: readonly string[],
  parts: readonly RebuiltPart[],
): Promise<number> {
  const { client, node } = context;
  const slices = await responsesOf(client, batches, parts, isAtOnce(node));
  const rows = await writeResponses(context, node.relation, compiled, slices);
  await recordBatches(client, node.uniqueId, batches, false);
  await recordFollowed(client, node.uniqueId, parts);
  return rows;
}

/** Processes again the responses of rebuilt parts, in a model that takes batches by slices or pieces. */
export async function follow(
  context: ModelContext,
  parts: readonly RebuiltPart[],
): Promise<number> {
  const { client, node } = context;
  const compiled = await context.compile(node, { isIncremental: true, wholeResponses: true });
  const write = () => writeWhole(context, compiled, [], parts);
  // pieces commit as they go
  return parallelBy(node) === undefined ? write() : inTransaction(client, write);
}

/** Processes again the responses of a window, and of all else that was rebuilt and is not followed yet. */
export async function writeWindowAgain(
  context: ModelContext,
  compiled: CompiledModel,
  { start, end }: TimeWindow,
): Promise<number> {
  const { client, node, above } = context;
  const parts = await pendingParts(client, node.uniqueId, above);
  const window = { start: start.toISOString(), end: end.toISOString() };
  const slices = await responsesOf(client, [], [window, ...parts], isAtOnce(node));
  const rows = await writeResponses(context, node.relation, compiled, slices);
  await recordFollowed(client, node.uniqueId, parts);
  return rows;
}

/** A model that is built anew reads what is there: nothing that was rebuilt before is left to follow. */
export async function followAll({ client, node, above }: ModelContext): Promise<void> {
  if (!followsWindows(node)) return;
  await recordFollowed(client, node.uniqueId, await pendingParts(client, node.uniqueId, above));
}
