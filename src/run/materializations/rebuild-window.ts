import { inTransaction } from '../../database/transaction.js';
import { BeltError } from '../../errors.js';
import { renderRelation } from '../../project/relation.js';
import type { CompiledModel } from '../../project/templates/compile.js';
import { hoursOf } from '../../raw/missing-raw.js';
import { enterResponses, slicesOfWindow } from '../batches/slices.js';
import { eventTimeOf, type TimeWindow } from '../batches/time-window.js';
import { cutWindow, type WindowBatch } from '../batches/window-batches.js';
import { findRelation } from '../catalog/relations.js';
import type { NodeWork } from '../node-work.js';
import { flagConfig, namesConfig } from '../relations/model-config.js';
import { liftDecompressionLimit, recompress } from '../timescale/hypertables.js';
import { refreshWindow } from '../timescale/refresh.js';
import { writeWindowAgain } from './follow-rebuilt.js';
import { missingOfWindow } from './hold-against-raw.js';
import { isUntold, type Untold } from './keep-untold.js';
import type { ModelContext, ModelOutcome } from './model-context.js';
import { checksumOf } from './relation-changes.js';
import { matchColumns } from './writing.js';

/** Works on a window of what has been built before. */
export async function workOnWindow(
  context: ModelContext,
  work: Exclude<NodeWork, { readonly kind: 'build' }>,
): Promise<ModelOutcome> {
  const { client, node } = context;
  if ((await findRelation(client, node.relation)) === undefined) {
    throw new BeltError(`${node.name} is not there yet, so it has no window to rebuild.`, {
      location: { file: node.path },
      hint: `Build it first: \`belt transform --select +${node.name}\`.`,
    });
  }
  switch (work.kind) {
    case 'rebuild':
      return rebuildWindow(context, work.window);
    case 'rerun':
      return rerunWindow(context, work.window);
    case 'refresh':
      await refreshWindow(client, node.relation, work.window);
      return { message: 'REFRESH 1 window' };
  }
}

/**
 * Rebuilds a window of a model from raw, a batch of whole chunks at a time, each in a transaction
 * of its own: readers see the old rows or the new ones. Only rows that differ are written. A window
 * that was stopped goes on where it was, unless the model's SQL is another one.
 */
async function rebuildWindow(context: ModelContext, window: TimeWindow): Promise<ModelOutcome> {
  const { client, node } = context;
  const missing = await missingOfWindow(context, window);
  const untold = missing.length === 0 ? undefined : { hours: hoursOf(missing) };
  const column = eventTimeOf(node) as string;
  const target = renderRelation(node.relation);
  const compiled = await context.compileOwn({ isIncremental: true, wholeResponses: true });
  // one under way goes on only as it was begun
  const checksum = checksumOf(compiled.sql + (untold === undefined ? '' : JSON.stringify(untold)));
  const columns = await inTransaction(client, () => matchColumns(context, node.relation, compiled));
  const id = await beginOrResume(context, window, checksum);
  const windowBatches = await cutWindow(client, node.relation, column, window);
  const done = await doneBatches(context, id);
  const readings = windowBatches.reduce((sum, batch) => sum + batch.readings, 0);
  let readingsDone = 0;
  let rows = 0;
  let resumed = 0;
  for (const batch of windowBatches) {
    context.onProgress(readingsDone, readings);
    readingsDone += batch.readings;
    if (done.has(batch.start.getTime())) {
      resumed++;
      continue;
    }
    if (context.signal.aborted) {
      throw new BeltError('It was stopped.', {
        hint: 'Run it again: it goes on with the batches that are not done.',
      });
    }
    const changed = await inTransaction(client, async () => {
      for (const hook of compiled.preHooks) await client.query(hook);
      const written = await rebuildBatch(context, target, column, columns, compiled, batch, untold);
      await client.query(
        `insert into belt.reprocess_batch (reprocess_id, batch_start, batch_end, rows_changed)
          values ($1, $2, $3, $4)`,
        [id, batch.start, batch.end, written],
      );
      return written;
    });
    rows += changed;
    if (changed > 0) await recompress(client, node.relation, batch);
    if (context.checkpoints) await client.query('checkpoint');
  }
  context.onProgress(readings, readings);
  // what a run that was killed left uncompressed
  if (resumed > 0) await recompress(client, node.relation, window);
  await client.query('update belt.reprocess set ended_at = now() where reprocess_id = $1', [id]);
  return {
    rows,
    message: `REPROCESS ${rows} in ${windowBatches.length} ${windowBatches.length === 1 ? 'batch' : 'batches'}${resumed > 0 ? `, ${resumed} of them done before` : ''}`,
  };
}

/** Processes again all responses that touch a window, in a model that has no time of its own. */
async function rerunWindow(context: ModelContext, window: TimeWindow): Promise<ModelOutcome> {
  const { client } = context;
  await missingOfWindow(context, window);
  const compiled = await context.compileOwn({ isIncremental: true, wholeResponses: true });
  const rows = await inTransaction(client, async () => writeWindowAgain(context, compiled, window));
  return { rows, message: `RERUN ${rows}` };
}

async function beginOrResume(
  { client, node }: ModelContext,
  window: TimeWindow,
  checksum: string,
): Promise<string> {
  const parameters = [node.uniqueId, window.start, window.end, checksum];
  const open = await client.query<{ reprocess_id: string }>(
    `select reprocess_id from belt.reprocess
      where node = $1 and event_time_start = $2 and event_time_end = $3 and sql_checksum = $4
        and ended_at is null
      order by reprocess_id desc limit 1`,
    parameters,
  );
  const [found] = open.rows;
  if (found !== undefined) return found.reprocess_id;
  const { rows } = await client.query<{ reprocess_id: string }>(
    `insert into belt.reprocess (node, event_time_start, event_time_end, sql_checksum)
      values ($1, $2, $3, $4) returning reprocess_id`,
    parameters,
  );
  return rows[0]?.reprocess_id ?? '';
}

async function doneBatches({ client }: ModelContext, id: string): Promise<Set<number>> {
  const { rows } = await client.query<{ batch_start: Date }>(
    'select batch_start from belt.reprocess_batch where reprocess_id = $1',
    [id],
  );
  return new Set(rows.map((row) => row.batch_start.getTime()));
}

/** Brings the rows of a batch to what raw says; gives how many were written or deleted. */
async function rebuildBatch(
  context: ModelContext,
  target: string,
  eventTime: string,
  columns: readonly string[],
  compiled: CompiledModel,
  batch: WindowBatch,
  untold: Untold | undefined,
): Promise<number> {
  const { client, node } = context;
  const quote = (name: string) => client.escapeIdentifier(name);
  const keys = namesConfig(node, 'unique_key').map(quote);
  const list = columns.map(quote);
  const others = list.filter((name) => !keys.includes(name));
  const within = (table: string) =>
    `${table}.${quote(eventTime)} >= ${client.escapeLiteral(batch.start.toISOString())} and ${table}.${quote(eventTime)} < ${client.escapeLiteral(batch.end.toISOString())}`;
  const isTold = (table: string) =>
    untold === undefined ? '' : `and not ${isUntold(node, untold, table, quote)}`;
  await client.query(`create temp table belt_window (like ${target}) on commit drop`);
  if (keys.length > 0) {
    await client.query(`alter table pg_temp.belt_window add primary key (${keys.join(', ')})`);
  }
  const keeps = flagConfig(node, 'upsert_keeps_when_null', false);
  const settings = others.map((name) =>
    keeps ? `${name} = coalesce(excluded.${name}, existing.${name})` : `${name} = excluded.${name}`,
  );
  const conflict =
    keys.length === 0
      ? ''
      : `on conflict (${keys.join(', ')}) do ${settings.length === 0 ? 'nothing' : `update set ${settings.join(', ')}`}`;
  for (const slice of await slicesOfWindow(client, batch)) {
    await enterResponses(client, slice.responses);
    await client.query(
      `insert into pg_temp.belt_window as existing (${list.join(', ')})
        select ${list.join(', ')} from (\n${compiled.sql}\n) as model where ${within('model')} ${conflict}`,
    );
  }
  if (keys.length === 0) return replaceAll();
  if (untold !== undefined && others.length > 0) {
    // values that raw can't tell any more stay
    await client.query(
      `update pg_temp.belt_window as fresh
        set ${others.map((name) => `${name} = coalesce(fresh.${name}, existing.${name})`).join(', ')}
        from ${target} as existing
        where ${keys.map((key) => `existing.${key} = fresh.${key}`).join(' and ')}
          and ${within('existing')} and ${isUntold(node, untold, 'existing', quote)}`,
    );
  }
  // what stays as it is must not be touched: in compressed chunks it would be decompressed
  const same = keys.map((key) => `existing.${key} = fresh.${key}`).join(' and ');
  await client.query(
    `create temp table belt_changed on commit drop as
      select fresh.* from pg_temp.belt_window as fresh
      left join (select * from ${target} as existing where ${within('existing')}) as existing on ${same}
      where existing.${keys[0]} is null ${
        others.length === 0
          ? ''
          : `or (${others.map((name) => `existing.${name}`).join(', ')}) is distinct from (${others.map((name) => `fresh.${name}`).join(', ')})`
      }`,
  );
  await client.query(
    `create temp table belt_gone on commit drop as
      select ${keys.map((key) => `existing.${key}`).join(', ')} from ${target} as existing
      where ${within('existing')} and not exists (select from pg_temp.belt_window as fresh where ${same})
        ${isTold('existing')}`,
  );
  let written = 0;
  const gone = await client.query<{ count: string }>('select count(*) from pg_temp.belt_gone');
  await liftDecompressionLimit(client);
  if (Number(gone.rows[0]?.count) > 0) {
    const { rowCount } = await client.query(
      `delete from ${target} as existing using pg_temp.belt_gone as fresh
        where ${same} and ${within('existing')}`,
    );
    written += rowCount ?? 0;
  }
  const { rowCount } = await client.query(
    `insert into ${target} (${list.join(', ')}) select ${list.join(', ')} from pg_temp.belt_changed
      on conflict (${keys.join(', ')}) do ${
        others.length === 0
          ? 'nothing'
          : `update set ${others.map((name) => `${name} = excluded.${name}`).join(', ')}`
      }`,
  );
  return written + (rowCount ?? 0);

  async function replaceAll(): Promise<number> {
    await liftDecompressionLimit(client);
    await client.query(
      `delete from ${target} as existing where ${within('existing')} ${isTold('existing')}`,
    );
    const inserted = await client.query(
      `insert into ${target} (${list.join(', ')}) select ${list.join(', ')} from pg_temp.belt_window as fresh where true ${isTold('fresh')}`,
    );
    return inserted.rowCount ?? 0;
  }
}
