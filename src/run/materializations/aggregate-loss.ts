import type { ClientBase } from 'pg';
import type { ModelNode } from '../../project/nodes.js';
import { renderRelation } from '../../project/relation.js';
import { readRelationState } from '../batches/ledger.js';
import { aggregateOf } from '../catalog/aggregates.js';
import { columnsOf, selectedColumns, without } from '../catalog/relations.js';
import type { ModelContext } from './model-context.js';
import { checksumOf } from './relation-changes.js';

/** Why a continuous aggregate keeps the query that it was made with, though its model has another. */
export interface Keeping {
  readonly reason: string;
  /** What has to be rebuilt with --full-refresh to end it. */
  readonly model: ModelNode;
}

/**
 * Why a continuous aggregate whose query has changed can't be made anew: what it reads keeps its own
 * query and lacks columns for it, or columns or buckets would be lost. Undefined if nothing is.
 */
export async function keepingOf(context: ModelContext): Promise<Keeping | undefined> {
  const { client, node } = context;
  const { sql } = await context.compile(node, { isIncremental: false });
  const [behind] = await aggregatesBehind(context);
  if (behind !== undefined) {
    const works = await context.ask(() => selectedColumns(client, sql)).catch(() => undefined);
    if (works === undefined) {
      const reason = `it reads columns that ${behind.name} does not have while that keeps its own`;
      return { reason, model: behind };
    }
  }
  const lose = (what: string) => ({ reason: `making it anew would lose ${what}`, model: node });
  const dropped = await droppedColumns(context, sql);
  if (dropped.length > 0) return lose(`the columns ${dropped.join(', ')} with what they hold`);
  const read = await oldestRead(client, node);
  for (const member of [node, ...context.aggregatesOver]) {
    const oldest = await oldestBucketEnd(client, member);
    if (oldest !== undefined && (read === undefined || oldest <= read)) {
      const since = read?.toISOString() ?? 'today';
      return lose(`the buckets of ${member.name} before ${since}, whose rows are gone`);
    }
  }
  return undefined;
}

/** Continuous aggregates that a model reads, and that were not made with their model's query. */
export async function aggregatesBehind(context: ModelContext): Promise<ModelNode[]> {
  const behind: ModelNode[] = [];
  for (const aggregate of context.aggregatesUnder) {
    const state = await readRelationState(context.client, aggregate.uniqueId);
    const { sql } = await context.compile(aggregate, { isIncremental: false });
    if (state !== undefined && state.sqlChecksum !== checksumOf(sql)) behind.push(aggregate);
  }
  return behind;
}

/** Columns that a query does not give any more, of those that hold something. */
async function droppedColumns(context: ModelContext, sql: string): Promise<string[]> {
  const { client, node } = context;
  const existing = await columnsOf(client, renderRelation(node.relation));
  const selected = await context.ask(() => selectedColumns(client, sql));
  const dropped =
    selected === undefined
      ? // a plan, while what it reads lacks columns for it: what the text does not name is not selected
        existing.filter(({ name }) => !sql.split(/\W+/).includes(name))
      : without(existing, selected);
  const aggregate = await aggregateOf(client, node.relation);
  if (aggregate === undefined || dropped.length === 0) return [];
  // counts of what was never there are zero
  const holds = dropped.map(({ name }) => {
    const column = client.escapeIdentifier(name);
    return `coalesce(bool_or(nullif(${column}::text, '0') is not null), false)`;
  });
  const { rows } = await client.query<boolean[]>({
    text: `select ${holds.join(', ')} from ${aggregate.stored}`,
    rowMode: 'array',
  });
  return dropped.filter((_, index) => rows[0]?.[index]).map(({ name }) => name);
}

/** The oldest time of what a continuous aggregate reads. */
async function oldestRead(client: ClientBase, node: ModelNode): Promise<Date | undefined> {
  const aggregate = await aggregateOf(client, node.relation);
  return aggregate && oldestOf(client, aggregate.reads, aggregate.readsTime);
}

/** The end of the oldest bucket that is stored. */
async function oldestBucketEnd(client: ClientBase, node: ModelNode): Promise<Date | undefined> {
  const aggregate = await aggregateOf(client, node.relation);
  return (
    aggregate && oldestOf(client, aggregate.stored, aggregate.storedTime, aggregate.bucketWidth)
  );
}

/** The least time in a column, and something more; undefined where there is none. */
async function oldestOf(
  client: ClientBase,
  relation: string,
  column: string,
  more = '0',
): Promise<Date | undefined> {
  const { rows } = await client.query<{ oldest: Date | null }>(
    `select min(${client.escapeIdentifier(column)}) + $1::interval as oldest from ${relation}`,
    [more],
  );
  return rows[0]?.oldest ?? undefined;
}
