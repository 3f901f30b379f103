import type { ClientBase } from 'pg';
import { type LandingSpan, landingSpan } from '../../raw/landing-span.js';
import { allResponses, OWNER_COLUMN } from '../../raw/raw-table.js';
import { hasReadings, type Resource } from '../../raw/resource.js';
import { FINE_SHARDS, lanesOf, SHARDS, type ShardLoad, shardOf } from './shards.js';
import {
  READINGS_A_SLICE,
  type ShardSet,
  SLICE_COLUMNS,
  type Slice,
  type SliceRow,
  sliceOf,
} from './slices.js';

/** Shards whose slices are processed one after another in the order of landing: a slice is a piece. */
export interface Lane extends ShardSet {
  readonly slices: readonly Slice[];
}

/** The work of a model with parallel_by that is to be cut into pieces. */
export interface Pending {
  readonly node: string;
  /** The column that tells its rows apart. */
  readonly column: string;
  readonly resources: readonly Resource[];
  readonly batches: readonly string[];
  /** Whether pieces that are done count, or all is written into an empty relation. */
  readonly empty: boolean;
}

/**
 * Cuts pending work into lanes for so many sessions, and these into slices of so many readings. Of a
 * batch that was under way, what is left.
 */
export async function planLanes(
  client: ClientBase,
  pending: Pending,
  sessions: number,
  readingsASlice = READINGS_A_SLICE,
): Promise<Lane[]> {
  const { batches, node, empty } = pending;
  if (batches.length === 0) return [];
  const span = await landingSpan(client, batches);
  const lanes = lanesOf(await shardLoads(client, pending, span), sessions, READINGS_A_SLICE);
  const of = shardCount(pending);
  const shards = lanes.flat();
  const { rows } = await client.query<SliceRow & { readonly lane: number }>(
    `with member as (select * from unnest($1::integer[], $2::integer[], $3::boolean[]) as member (shard, lane, leads)),
      waiting as (
        select member.lane, response.response_id, response.batch_id, response.readings,
          case when done.response_id is not null then response.batch_id end as resumed
        from ${allResponses(pending.resources, '$8', '$9')} as response
        join member on ${isTold(pending) ? `member.shard = ${shardOf(`response.${OWNER_COLUMN}`, of)}` : 'member.leads'}
        ${doneBy('$4', '$6', 'member.shard')}
        where response.batch_id = any ($5::bigint[]) and response.response_id > coalesce(done.response_id, 0)
      ),
      -- a batch that was under way stands alone, since its slices begin after what is done of it
      turned as (
        select *, (resumed is distinct from lag(resumed) over in_order)::integer as turn
        from waiting window in_order as (partition by lane order by response_id)
      ),
      placed as (
        select *, sum(turn) over in_order as run,
          div(sum(readings) over in_order - readings, $7) as slice
        from turned window in_order as (partition by lane order by response_id)
      )
      select lane, ${SLICE_COLUMNS}
      from placed group by lane, run, slice order by lane, low`,
    [
      shards,
      lanes.flatMap((own, lane) => own.map(() => lane)),
      lanes.flatMap((own) => own.map((_, index) => index === 0)),
      node,
      batches,
      empty,
      readingsASlice,
      span.first,
      span.last,
    ],
  );
  return lanes.map((own, index) => ({
    shards: own,
    of,
    slices: rows.filter(({ lane }) => lane === index).map(sliceOf),
  }));
}

/** How much of the work is in each shard that has any, and how far that is. */
async function shardLoads(
  client: ClientBase,
  pending: Pending,
  { first, last }: LandingSpan,
): Promise<ShardLoad[]> {
  const of = shardCount(pending);
  const { rows } = await client.query<{ shard: number; readings: string; progress: string }>(
    `with waiting as (
        select member.shard, sum(response.readings) as readings
        from ${allResponses(pending.resources, '$4', '$5')} as response
        join generate_series(0, ${of - 1}) as member (shard)
          on ${isTold(pending) ? `member.shard = ${shardOf(`response.${OWNER_COLUMN}`, of)}` : 'true'}
        ${doneBy('$1', '$3', 'member.shard')}
        where response.batch_id = any ($2::bigint[]) and response.response_id > coalesce(done.response_id, 0)
        group by member.shard
      )
      select shard, readings, coalesce((
          select string_agg(done.batch_id || ':' || done.response_id, ' ' order by done.batch_id)
          from belt.model_piece as done
          where done.node = $1 and not $3 and done.shard = waiting.shard and done.batch_id = any ($2::bigint[])
        ), '') as progress
      from waiting order by shard`,
    [pending.node, pending.batches, pending.empty, first, last],
  );
  // where raw does not tell the shard of a reading, each shard is taken to have its part
  const part = isTold(pending) ? 1 : of;
  return rows.map((row) => ({ ...row, readings: Number(row.readings) / part }));
}

function shardCount(pending: Pending): number {
  return pending.empty && isTold(pending) ? FINE_SHARDS : SHARDS;
}

/** Whether raw tells the shard of each response; else what a model makes of it does. */
function isTold({ column, resources }: Pending): boolean {
  return column === OWNER_COLUMN && resources.every(hasReadings);
}

function doneBy(node: string, empty: string, shard: string): string {
  return `left join belt.model_piece as done
          on done.node = ${node} and not ${empty}::boolean and done.batch_id = response.batch_id and done.shard = ${shard}`;
}
