import type { ClientBase } from 'pg';
import { type Relation, renderRelation } from '../../project/relation.js';
import { aggregateOf } from '../catalog/aggregates.js';

/** Windows that one call of refresh covers at the most; more are merged with their neighbours. */
const MAX_WINDOWS = 200;

interface Window {
  readonly from: string;
  readonly to: string;
}

/**
 * Refreshes the buckets of a continuous aggregate that the readings of `batches` touch, and no
 * others. Gives how many windows were refreshed.
 */
export async function refreshTouched(
  client: ClientBase,
  relation: Relation,
  batches: readonly string[],
): Promise<number> {
  if (batches.length === 0) return 0;
  const width = await bucketWidth(client, relation);
  const { rows } = await client.query<Window>(
    `with touched as (
        select unnest(range_agg(touched_hours)) as hours
        from raw.batch_content
        where batch_id = any ($1::bigint[]) and not isempty(touched_hours)
      ),
      bucketed as (
        select unnest(range_agg(tstzrange(
          time_bucket($2::interval, timestamptz 'epoch' + lower(hours) * interval '1 hour'),
          time_bucket($2::interval, timestamptz 'epoch' + upper(hours) * interval '1 hour' - interval '1 microsecond')
            + $2::interval
        ))) as bucket_range
        from touched
      ),
      grouped as (
        select bucket_range, ntile($3) over (order by bucket_range) as part from bucketed
      )
      select min(lower(bucket_range))::text as from, max(upper(bucket_range))::text as to
      from grouped group by part order by part`,
    [batches, width, MAX_WINDOWS],
  );
  for (const window of rows) {
    await refresh(client, relation, window.from, window.to);
  }
  return rows.length;
}

/** Refreshes the buckets of a continuous aggregate that a window touches. */
export async function refreshWindow(
  client: ClientBase,
  relation: Relation,
  window: { readonly start: Date; readonly end: Date },
): Promise<void> {
  const width = await bucketWidth(client, relation);
  const { rows } = await client.query<Window>(
    `select time_bucket($3::interval, $1::timestamptz)::text as from,
      (time_bucket($3::interval, $2::timestamptz - interval '1 microsecond') + $3::interval)::text as to`,
    [window.start, window.end, width],
  );
  await refresh(client, relation, rows[0]?.from, rows[0]?.to);
}

/** Refreshes what is out of date, but for the newest `endOffset`: an interval, or a number. */
export async function refreshUpTo(
  client: ClientBase,
  relation: Relation,
  endOffset: string | undefined,
): Promise<void> {
  if (endOffset === undefined || /^\d+$/.test(endOffset)) return refreshAll(client, relation);
  await client.query(
    `call refresh_continuous_aggregate($1::regclass, null, now() - ${client.escapeLiteral(endOffset)}::interval)`,
    [renderRelation(relation)],
  );
}

/** Refreshes all of a continuous aggregate that is out of date. */
export async function refreshAll(client: ClientBase, relation: Relation): Promise<void> {
  await client.query('call refresh_continuous_aggregate($1::regclass, null, null)', [
    renderRelation(relation),
  ]);
}

async function bucketWidth(client: ClientBase, relation: Relation): Promise<string> {
  return (await aggregateOf(client, relation))?.bucketWidth ?? '1 day';
}

/** Refreshes the buckets of a range of whole buckets; without an end, as far as there is one. */
async function refresh(
  client: ClientBase,
  relation: Relation,
  from: string | undefined,
  to: string | undefined,
): Promise<void> {
  await client.query(
    'call refresh_continuous_aggregate($1::regclass, $2::timestamptz, $3::timestamptz)',
    [renderRelation(relation), from, to],
  );
}
