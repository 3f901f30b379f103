import type { ClientBase } from 'pg';
import type { ModelNode } from '../../project/nodes.js';
import { renderRelation } from '../../project/relation.js';
import { aggregateOf } from '../catalog/aggregates.js';
import { columnsOf, selectedColumns, without } from '../catalog/relations.js';
import type { ModelContext } from './model-context.js';

/**
 * What would be lost if a continuous aggregate, and those over it, were made anew from what they
 * read today: buckets older than that, or columns. Undefined if nothing.
 */
export async function lossOfRebuild(context: ModelContext): Promise<string | undefined> {
  const { client, node } = context;
  const dropped = await droppedColumns(context);
  if (dropped.length > 0) return `the columns ${dropped.join(', ')} with what is stored of them`;
  const read = await oldestRead(client, node);
  for (const member of [node, ...context.aggregatesOver]) {
    const oldest = await oldestBucketEnd(client, member);
    if (oldest !== undefined && (read === undefined || oldest <= read)) {
      return `the buckets of ${member.name} before ${read?.toISOString() ?? 'today'}, whose rows are gone`;
    }
  }
  return undefined;
}

async function droppedColumns(context: ModelContext): Promise<string[]> {
  const { client, node } = context;
  const { sql } = await context.compile(node, { isIncremental: false });
  const selected = await selectedColumns(client, sql);
  const existing = await columnsOf(client, renderRelation(node.relation));
  return without(existing, selected).map((column) => column.name);
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
