import { BeltError } from '../../errors.js';
import type { ModelNode } from '../../project/nodes.js';
import { type Relation, renderRelation } from '../../project/relation.js';
import type { CompiledModel } from '../../project/templates/compile.js';
import { recordBatches } from '../batches/ledger.js';
import { enterResponses, enterSlice, type ResponseSlice, slicesOf } from '../batches/slices.js';
import type { TimeWindow } from '../batches/time-window.js';
import { columnsOf, selectedColumns, without } from '../catalog/relations.js';
import { choiceConfig, flagConfig } from '../relations/model-config.js';
import { contractColumns, hasContract } from './contract.js';
import type { ModelContext } from './model-context.js';
import { refusedColumns } from './refusals.js';
import { writingStatements } from './strategies.js';

type SchemaChange = 'ignore' | 'fail' | 'append_new_columns' | 'sync_all_columns';

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
 * the model asks is_incremental(), then at once, since that is false while it is first built. Gives
 * the rows written.
 */
export async function writeRows(
  context: ModelContext,
  target: Relation,
  compiled: CompiledModel,
  batches: readonly string[],
  empty: boolean,
): Promise<number> {
  const { client, node } = context;
  const write = await rowWriter(context, target, compiled);
  if (!node.usesNewRows) return write();
  const slices = await slicesOf(client, batches, empty && node.asksIncremental);
  const readings = sumOf(slices);
  let rows = 0;
  let readingsDone = 0;
  for (const slice of slices) {
    context.onProgress(readingsDone, readings);
    await enterSlice(client, slice);
    rows += await write();
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
  const write = await rowWriter(context, target, compiled);
  let rows = 0;
  for (const slice of slices) {
    await enterResponses(context.client, slice.responses);
    rows += await write();
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
  const write = await rowWriter(context, target, compiled);
  const column = client.escapeIdentifier(eventTime);
  await client.query(
    `delete from ${renderRelation(target)} where ${column} >= ${client.escapeLiteral(window.start.toISOString())} and ${column} < ${client.escapeLiteral(window.end.toISOString())}`,
  );
  return write();
}

async function rowWriter(
  context: ModelContext,
  target: Relation,
  compiled: CompiledModel,
): Promise<() => Promise<number>> {
  const { client, node } = context;
  const columns = await matchColumns(context, target, compiled);
  const statements = writingStatements(node, target, compiled.sql, columns);
  return async () => {
    let rows = 0;
    for (const statement of statements) {
      const result = await client.query(statement);
      if (result.command === 'INSERT' || result.command === 'MERGE') rows += result.rowCount ?? 0;
    }
    return rows;
  };
}

/** The columns to write, after the target has been brought in line as on_schema_change says. */
export async function matchColumns(
  context: ModelContext,
  target: Relation,
  compiled: CompiledModel,
): Promise<string[]> {
  const { client, node, memory } = context;
  const into = renderRelation(target);
  const find = () => selectedColumns(client, compiled.sql);
  const selected = await (memory?.columnsOf(node.uniqueId, compiled.sql, find) ?? find());
  const existing = await columnsOf(client, into);
  const added = without(selected, existing);
  const removed = without(existing, selected);
  const policy = choiceConfig<SchemaChange>(node, 'on_schema_change', 'ignore');
  if (policy === 'fail' && added.length + removed.length > 0) {
    throw new BeltError(
      `${node.name} selects other columns than ${into} has: ${describeChange(added, removed)}.`,
      {
        location: { file: node.path },
        hint: 'Run it with --full-refresh, or set on_schema_change to append_new_columns.',
      },
    );
  }
  if (policy === 'append_new_columns' || policy === 'sync_all_columns') {
    for (const column of added) {
      await client.query(
        `alter table ${into} add column ${client.escapeIdentifier(column.name)} ${column.type}`,
      );
    }
  }
  if (policy === 'sync_all_columns') {
    const refused = refusedColumns(node, removed);
    if (refused !== undefined) throw refused;
    for (const column of removed) {
      await client.query(`alter table ${into} drop column ${client.escapeIdentifier(column.name)}`);
    }
  }
  const written =
    policy === 'ignore' ? selected.filter((column) => !added.includes(column)) : selected;
  return written.map((column) => column.name);
}

function describeChange(
  added: readonly { name: string }[],
  removed: readonly { name: string }[],
): string {
  return [...added.map(({ name }) => `+${name}`), ...removed.map(({ name }) => `-${name}`)].join(
    ', ',
  );
}
