import type { ModelNode } from '../../project/nodes.js';
import { type Relation, renderRelation } from '../../project/relation.js';
import type { CompiledModel } from '../../project/templates/compile.js';
import { recordBatches } from '../batches/ledger.js';
import { parallelBy } from '../batches/shards.js';
import { enterResponses, enterSlice, type ResponseSlice, slicesOf } from '../batches/slices.js';
import type { TimeWindow } from '../batches/time-window.js';
import { materializedOf } from '../lineage.js';
import { flagConfig } from '../relations/model-config.js';
import { liftDecompressionLimit } from '../timescale/hypertables.js';
import { contractColumns, hasContract } from './contract.js';
import type { ModelContext } from './model-context.js';
import { writePieces } from './write-pieces.js';
import { runStatements, writingOf } from './writing.js';

/** Makes an empty table of the columns that a model selects. */
export async function createEmptyTable(
  context: ModelContext,
  relation: Relation,
  compiled: CompiledModel,
): Promise<void> {
  const table = `${tableKeyword(context.node)} ${renderRelation(relation)}`;
  if (hasContract(context.node)) {
    const columns = await contractColumns(context, compiled);
    await context.client.query(`create ${table} (\n  ${columns}\n)`);
    return;
  }
  await context.client.query(`create ${table} as\n${compiled.sql}\nwith no data`);
}

/** What a table of a model is created as: with the config `unlogged` it is quick, but not crash-safe. */
export function tableKeyword(node: ModelNode): string {
  return flagConfig(node, 'unlogged', false) ? 'unlogged table' : 'table';
}

/** Brings a table that is kept in line with the config `unlogged`. */
export async function alterPersistence({ client, node }: ModelContext): Promise<void> {
  const wanted = flagConfig(node, 'unlogged', false) ? 'unlogged' : 'logged';
  await client.query(`alter table ${renderRelation(node.relation)} set ${wanted}`);
}

/**
 * Writes into `target` what the model selects: once, or, where it reads new rows, a slice of the
 * batches at a time, noting them in the ledger. A target that is `empty` takes up all batches; if
 * the model asks is_incremental(), then at once, since that is false while it is first built. With
 * parallel_by in pieces, which commit as they go; what is whole is then noted by who asks. Gives the
 * rows written.
 */
export async function writeRows(
  context: ModelContext,
  target: Relation,
  compiled: CompiledModel,
  batches: readonly string[],
  empty: boolean,
): Promise<number> {
  const { client, node } = context;
  const isFromRead = empty && !compiled.asksNewRows;
  if (parallelBy(node) !== undefined && !isFromRead) {
    return writePieces(context, target, compiled, batches, empty);
  }
  const { statements } = await writingOf(context, target, compiled);
  if (materializedOf(node) === 'hypertable') await liftDecompressionLimit(client);
  if (!node.usesNewRows) return runStatements(client, statements);
  if (isFromRead) {
    // first built from what it reads, which has taken up these batches
    const rows = await runStatements(client, statements);
    await recordBatches(client, node.uniqueId, batches, true);
    return rows;
  }
  const slices = await slicesOf(client, batches, empty && node.asksIncremental);
  const readings = sumOf(slices);
  let rows = 0;
  let readingsDone = 0;
  for (const slice of slices) {
    context.onProgress(readingsDone, readings);
    await enterSlice(client, slice);
    rows += await runStatements(client, statements);
    readingsDone += slice.readings;
    // a checkpoint keeps the write-ahead log, and so the time of the next opening, short
    if (context.checkpoints) await client.query('checkpoint');
  }
  context.onProgress(readings, readings);
  await recordBatches(client, node.uniqueId, batches, empty);
  return rows;
}

/** Writes into `target` what the model makes of responses that are processed again. */
export async function writeResponses(
  context: ModelContext,
  target: Relation,
  compiled: CompiledModel,
  slices: readonly ResponseSlice[],
): Promise<number> {
  const { statements } = await writingOf(context, target, compiled);
  let rows = 0;
  for (const slice of slices) {
    await enterResponses(context.client, slice.responses);
    rows += await runStatements(context.client, statements);
  }
  return rows;
}

function sumOf(slices: readonly { readonly readings: number }[]): number {
  return slices.reduce((sum, { readings }) => sum + readings, 0);
}

/** Puts what the model selects in the place of the rows of a window of event time. */
export async function writeWindow(
  context: ModelContext,
  target: Relation,
  compiled: CompiledModel,
  eventTime: string,
  window: TimeWindow,
): Promise<number> {
  const { client } = context;
  const { statements } = await writingOf(context, target, compiled);
  const column = client.escapeIdentifier(eventTime);
  await client.query(
    `delete from ${renderRelation(target)} where ${column} >= ${client.escapeLiteral(window.start.toISOString())} and ${column} < ${client.escapeLiteral(window.end.toISOString())}`,
  );
  return runStatements(client, statements);
}
