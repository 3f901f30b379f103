import { inTransaction } from '../../database/transaction.js';
import { BeltError } from '../../errors.js';
import type { ModelNode } from '../../project/nodes.js';
import { renderRelation } from '../../project/relation.js';
import type { TimeWindow } from '../batches/time-window.js';
import { findRelation } from '../relations/catalog.js';
import { describeRelation } from '../relations/docs.js';
import { applyGrants } from '../relations/grants.js';
import { createIndexes } from '../relations/indexes.js';
import { choiceConfig, namesConfig, textConfig } from '../relations/model-config.js';
import { swapTable } from '../relations/swap-table.js';
import type { Materialization, ModelContext } from './model-context.js';
import { besideRelation, refuseToReplace } from './replacing.js';
import { createEmptyTable, writeWindow } from './write-rows.js';

const SIZES = ['hour', 'day', 'month', 'year'] as const;
type BatchSize = (typeof SIZES)[number];

/**
 * Builds a table in batches of event time, each in a transaction of its own: a batch that fails
 * leaves the others as they are, and is built again by the next run.
 */
export const microbatch: Materialization = async (context) => {
  const { client, node } = context;
  const kind = await findRelation(client, node.relation);
  await refuseToReplace(context, kind, ['table', 'view']);
  const rebuild = kind !== 'table' || (context.fullRefresh && context.retried === undefined);
  const target = rebuild ? besideRelation(node) : node.relation;
  const eventTime = requiredText(node, 'event_time');
  const size = choiceConfig(node, 'batch_size', SIZES, 'day');
  const windows = context.retried ?? (await batchWindows(context, size, rebuild));
  const successful: [string, string][] = [];
  const failed: [string, string][] = [];
  let rows = 0;
  let firstError: unknown;
  if (rebuild) {
    const whole = { start: windows[0]?.start ?? new Date(0), end: windows[0]?.end ?? new Date(0) };
    await inTransaction(client, async () => {
      await client.query(`drop table if exists ${renderRelation(target)}`);
      const first = await context.compile(node, { isIncremental: false, target, batch: whole });
      await createEmptyTable(context, target, first);
      await createIndexes(client, node, target, namesConfig(node, 'unique_key').length > 0);
    });
  }
  for (const [index, window] of windows.entries()) {
    if (context.signal.aborted) break;
    const bounds: [string, string] = [window.start.toISOString(), window.end.toISOString()];
    try {
      rows += await inTransaction(client, async () => {
        const compiled = await context.compile(node, {
          isIncremental: !rebuild,
          target,
          batch: window,
        });
        if (index === 0) for (const hook of compiled.preHooks) await client.query(hook);
        const written = await writeWindow(context, target, compiled, eventTime, window);
        if (index === windows.length - 1) {
          for (const hook of compiled.postHooks) await client.query(hook);
        }
        await client.query(
          `insert into belt.microbatch (node, batch_start, batch_end) values ($1, $2, $3)
            on conflict (node, batch_start)
            do update set batch_end = excluded.batch_end, processed_at = now()`,
          [node.uniqueId, ...bounds],
        );
        return written;
      });
      successful.push(bounds);
    } catch (error) {
      firstError ??= error;
      failed.push(bounds);
    }
  }
  if (firstError !== undefined && successful.length === 0) throw firstError;
  await inTransaction(client, async () => {
    if (rebuild) {
      await swapTable(client, node, target);
      await client.query(
        'delete from belt.microbatch where node = $1 and batch_start <> all ($2::timestamptz[])',
        [node.uniqueId, successful.map(([start]) => start)],
      );
    }
    await describeRelation(client, node, node.relation, 'table');
    await applyGrants(client, node, node.relation);
  });
  await client.query(`analyze ${renderRelation(node.relation)}`);
  const batches = `${successful.length} of ${windows.length} batches`;
  return {
    rows,
    message: `${rebuild ? 'CREATE' : 'MICROBATCH'} ${rows} in ${batches}`,
    batches: { successful, failed },
    ...(firstError === undefined
      ? {}
      : {
          warning: `${failed.length} of ${windows.length} batches failed: ${(firstError as Error).message} \`belt retry\` builds them again.`,
        }),
  };
};

/** The batches to build: of the window asked for, else from the first that is due to now. */
async function batchWindows(
  context: ModelContext,
  size: BatchSize,
  rebuild: boolean,
): Promise<TimeWindow[]> {
  const { client, node, eventTime } = context;
  const end = eventTime.end ?? (await nextBatch(client, size));
  const begin = truncate(new Date(requiredText(node, 'begin')), size);
  if (Number.isNaN(begin.getTime())) {
    throw new BeltError(`The config begin of ${node.name} is no date.`, {
      location: { file: node.path },
      hint: "Write begin='2024-01-01'.",
    });
  }
  const start =
    eventTime.start ??
    (rebuild ? begin : await startOfDue(context, size, begin, truncate(end, size)));
  const windows: TimeWindow[] = [];
  for (let at = truncate(start, size); at < end; at = step(at, size, 1)) {
    windows.push({ start: at, end: step(at, size, 1) });
  }
  return windows;
}

/** The first batch after the last that was built, less the lookback; at most the current one. */
async function startOfDue(
  { client, node }: ModelContext,
  size: BatchSize,
  begin: Date,
  end: Date,
): Promise<Date> {
  const lookback = typeof node.config.lookback === 'number' ? node.config.lookback : 1;
  const { rows } = await client.query<{ last: Date | null }>(
    'select max(batch_start) as last from belt.microbatch where node = $1',
    [node.uniqueId],
  );
  const last = rows[0]?.last ?? begin;
  const current = step(end, size, -1);
  const from = step(new Date(Math.min(last.getTime(), current.getTime())), size, -lookback);
  return from < begin ? begin : from;
}

async function nextBatch(client: ModelContext['client'], size: BatchSize): Promise<Date> {
  const { rows } = await client.query<{ now: Date }>('select now()');
  return step(truncate(rows[0]?.now ?? new Date(), size), size, 1);
}

function truncate(time: Date, size: BatchSize): Date {
  const [year, month, day, hour] = [
    time.getUTCFullYear(),
    time.getUTCMonth(),
    time.getUTCDate(),
    time.getUTCHours(),
  ];
  switch (size) {
    case 'hour':
      return new Date(Date.UTC(year, month, day, hour));
    case 'day':
      return new Date(Date.UTC(year, month, day));
    case 'month':
      return new Date(Date.UTC(year, month));
    case 'year':
      return new Date(Date.UTC(year, 0));
  }
}

function step(time: Date, size: BatchSize, count: number): Date {
  const next = new Date(time);
  switch (size) {
    case 'hour':
      next.setUTCHours(next.getUTCHours() + count);
      break;
    case 'day':
      next.setUTCDate(next.getUTCDate() + count);
      break;
    case 'month':
      next.setUTCMonth(next.getUTCMonth() + count);
      break;
    case 'year':
      next.setUTCFullYear(next.getUTCFullYear() + count);
      break;
  }
  return next;
}

function requiredText(node: ModelNode, key: string): string {
  const value = textConfig(node, key);
  if (value !== undefined) return value;
  throw new BeltError(`The microbatch model ${node.name} has no ${key}.`, {
    location: { file: node.path },
    hint: "Add event_time='ts', batch_size='day' and begin='2024-01-01' to config().",
  });
}
