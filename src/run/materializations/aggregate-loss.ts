import type { ClientBase } from 'pg';
import type { ModelNode } from '../../project/nodes.js';
import { renderRelation } from '../../project/relation.js';
import { columnsOf, selectedColumns, without } from '../relations/catalog.js';
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
    const oldest = await oldestBucket(client, member);
    if (oldest === undefined) continue;
    if (read === undefined || oldest.end <= read) {
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
  const { rows } = await client.query<{ name: string; column: string }>(
    `select format('%I.%I', aggregate.hypertable_schema, aggregate.hypertable_name) as name,
        dimension.column_name as column
      from timescaledb_information.continuous_aggregates as aggregate
      join timescaledb_information.dimensions as dimension
        on dimension.hypertable_schema = aggregate.hypertable_schema
        and dimension.hypertable_name = aggregate.hypertable_name
        and dimension.dimension_number = 1
      where aggregate.view_schema = $1 and aggregate.view_name = $2`,
    [node.relation.schema, node.relation.identifier],
  );
  const [found] = rows;
  if (found === undefined) return undefined;
  const oldest = await client.query<{ oldest: Date | null }>(
    `select min(${client.escapeIdentifier(found.column)}) as oldest from ${found.name}`,
  );
  return oldest.rows[0]?.oldest ?? undefined;
}

/** The oldest bucket that is stored, up to its end. */
async function oldestBucket(
  client: ClientBase,
  node: ModelNode,
): Promise<{ readonly end: Date } | undefined> {
  const { rows } = await client.query<{ name: string; column: string; width: string }>(
    `select format('%I.%I', aggregate.materialization_hypertable_schema,
          aggregate.materialization_hypertable_name) as name,
        dimension.column_name as column, bucket.bucket_width as width
      from timescaledb_information.continuous_aggregates as aggregate
      join timescaledb_information.dimensions as dimension
        on dimension.hypertable_schema = aggregate.materialization_hypertable_schema
        and dimension.hypertable_name = aggregate.materialization_hypertable_name
        and dimension.dimension_number = 1
      join _timescaledb_catalog.continuous_agg as catalog
        on catalog.user_view_schema = aggregate.view_schema
        and catalog.user_view_name = aggregate.view_name
      cross join lateral _timescaledb_functions.cagg_get_bucket_function_info(
        catalog.mat_hypertable_id
      ) as bucket
      where aggregate.view_schema = $1 and aggregate.view_name = $2`,
    [node.relation.schema, node.relation.identifier],
  );
  const [found] = rows;
  if (found === undefined) return undefined;
  const oldest = await client.query<{ end: Date | null }>(
    `select min(${client.escapeIdentifier(found.column)}) + $1::interval as end from ${found.name}`,
    [found.width],
  );
  const end = oldest.rows[0]?.end ?? undefined;
  return end === undefined ? undefined : { end };
}
