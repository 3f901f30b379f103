import { inTransaction } from '../../database/transaction.js';
import { BeltError } from '../../errors.js';
import type { ModelNode } from '../../project/nodes.js';
import { type Relation, renderRelation } from '../../project/relation.js';
import type { TimeWindow } from '../batches/time-window.js';
import { createIndexes } from '../relations/indexes.js';
import { choiceConfig, namesConfig, textConfig } from '../relations/model-config.js';
import { swapTable } from '../relations/swap-table.js';
import { publish, runHooks } from './between-hooks.js';
import { ABSENT, decided, type Materialization } from './decision.js';
import type { ModelContext } from './model-context.js';
import { situationOf } from './relation-changes.js';
import { besideRelation, refusedReplacement } from './replacing.js';
import { createEmptyTable, writeWindow } from './write-rows.js';

type BatchSize = 'hour' | 'day' | 'month' | 'year';

/**
 * Builds a table in batches of event time, each in a transaction of its own: a batch that fails
 * leaves the others as they are, and is built again by the next run.
 */
export const microbatch: Materialization = {
  async decide(context) {
    const { retried } = context;
    const situation = await situationOf(context);
    const { kind, changes } = situation;
    const refusal = refusedReplacement(context, situation, ['table', 'view']);
    if (refusal !== undefined) return refusal;
    const rebuild = kind !== 'table' || (context.fullRefresh && retried === undefined);
    const windows = retried ?? (await batchWindows(context, rebuild));
    const told = `${windows.length} ${windows.length === 1 ? 'batch' : 'batches'} of event time`;
    if (kind === undefined) return decided(situation, 'create', [ABSENT, told], { windows });
    if (!rebuild) return decided(situation, 'update', [...changes, told], { windows });
    const reason = kind === 'table' ? '--full-refresh' : 'it exists as a view';
    return decided(situation, 'rebuild', [...changes, reason, told], { windows });
  },

  async build(context, { action, windows = [] }) {
    const { client, node } = context;
    const rebuild = action !== 'update';
    const target = rebuild ? besideRelation(node) : node.relation;
    if (rebuild) await createTarget(context, target, windows[0]);
    const { rows, successful, failed, fault } = await buildWindows(
      context,
      target,
      rebuild,
      windows,
    );
    if (fault !== undefined && successful.length === 0) throw fault;
    await inTransaction(client, async () => {
      if (rebuild) {
        await swapTable(client, node, target);
        await client.query(
          'delete from belt.microbatch where node = $1 and batch_start <> all ($2::timestamptz[])',
          [node.uniqueId, successful.map(([start]) => start)],
        );
      }
      await publish(client, node, 'table');
    });
    await client.query(`analyze ${renderRelation(node.relation)}`);
    const batches = `${successful.length} of ${windows.length} batches`;
    return {
      rows,
      message: `${rebuild ? 'CREATE' : 'MICROBATCH'} ${rows} in ${batches}`,
      batches: { successful, failed },
      ...(fault === undefined
        ? {}
        : {
            warning: `${failed.length} of ${windows.length} batches failed: ${(fault as Error).message} \`belt retry\` builds them again.`,
          }),
    };
  },
};

async function createTarget(
  context: ModelContext,
  target: Relation,
  first: TimeWindow | undefined,
): Promise<void> {
  const { client, node } = context;
  await inTransaction(client, async () => {
    await client.query(`drop table if exists ${renderRelation(target)}`);
    const batch = first ?? { start: new Date(0), end: new Date(0) };
    const compiled = await context.compile(node, { isIncremental: false, target, batch });
    await createEmptyTable(context, target, compiled);
    await createIndexes(client, node, target, namesConfig(node, 'unique_key').length > 0);
  });
}

type Bounds = [start: string, end: string];

/** Builds one batch after the other, those after one that fails too. */
async function buildWindows(
  context: ModelContext,
  target: Relation,
  rebuild: boolean,
  windows: readonly TimeWindow[],
): Promise<{ rows: number; successful: Bounds[]; failed: Bounds[]; fault: unknown }> {
  const { client, node } = context;
  const successful: Bounds[] = [];
  const failed: Bounds[] = [];
  let rows = 0;
  let fault: unknown;
  for (const [index, window] of windows.entries()) {
    if (context.signal.aborted) break;
    const bounds: Bounds = [window.start.toISOString(), window.end.toISOString()];
    try {
      rows += await inTransaction(client, async () => {
        const use = { isIncremental: !rebuild, target, batch: window };
        const compiled = await context.compileOwn(use);
        if (index === 0) await runHooks(client, compiled.preHooks);
        const eventTime = requiredText(node, 'event_time');
        const written = await writeWindow(context, target, compiled, eventTime, window);
        if (index === windows.length - 1) await runHooks(client, compiled.postHooks);
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
      fault ??= error;
      failed.push(bounds);
    }
  }
  return { rows, successful, failed, fault };
}

/** The batches to build: of the window asked for, else from the first that is due to now. */
async function batchWindows(context: ModelContext, rebuild: boolean): Promise<TimeWindow[]> {
  const { client, node, eventTime } = context;
  const size = choiceConfig<BatchSize>(node, 'batch_size', 'day');
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
