import type { ClientBase } from 'pg';
import { landingSpan } from '../../raw/landing-span.js';
import { allResponses, responsesWithReadings } from '../../raw/raw-table.js';
import { RESOURCES } from '../../raw/resources.js';
import { READINGS_A_SLICE, type ResponseSlice } from './slices.js';

/** A part of a model that was rebuilt, for those that read it to follow; times as PostgreSQL tells them. */
export interface RebuiltPart {
  readonly reprocessId: string;
  readonly start: string;
  readonly end: string;
}

/** The rebuilt parts of the models above that a model has not followed yet. */
export async function pendingParts(
  client: ClientBase,
  node: string,
  above: readonly string[],
): Promise<RebuiltPart[]> {
  const { rows } = await client.query<RebuiltPart>(
    `select part.reprocess_id as "reprocessId", part.batch_start::text as start, part.batch_end::text as "end"
      from belt.reprocess_batch as part
      join belt.reprocess using (reprocess_id)
      where reprocess.node = any ($2::text[]) and not exists (
        select from belt.followed_window as followed
        where followed.node = $1 and followed.reprocess_id = part.reprocess_id
          and followed.batch_start = part.batch_start
      )
      order by 1, 2`,
    [node, above],
  );
  return rows;
}

/** Notes that a model has followed rebuilt parts: in the transaction that writes its rows. */
export async function recordFollowed(
  client: ClientBase,
  node: string,
  parts: readonly RebuiltPart[],
): Promise<void> {
  if (parts.length === 0) return;
  await client.query(
    `insert into belt.followed_window (node, reprocess_id, batch_start)
      select $1, * from unnest($2::bigint[], $3::timestamptz[]) on conflict do nothing`,
    [node, parts.map(({ reprocessId }) => reprocessId), parts.map(({ start }) => start)],
  );
}

/** Notes that all of a model was built anew, for those that read it to follow. */
export async function recordRebuilt(
  client: ClientBase,
  node: string,
  checksum: string,
): Promise<void> {
  await client.query(
    `with whole as (
        insert into belt.reprocess (node, event_time_start, event_time_end, sql_checksum, ended_at)
        values ($1, '-infinity', 'infinity', $2, now()) returning reprocess_id
      )
      insert into belt.reprocess_batch (reprocess_id, batch_start, batch_end, rows_changed)
      select reprocess_id, '-infinity', 'infinity', 0 from whole`,
    [node, checksum],
  );
}

/**
 * The responses of batches, and those with readings in rebuilt parts, cut into slices in the order of
 * landing; with `whole`, into one at the most.
 */
export async function responsesOf(
  client: ClientBase,
  batches: readonly string[],
  parts: readonly Pick<RebuiltPart, 'start' | 'end'>[],
  whole: boolean,
): Promise<ResponseSlice[]> {
  const { first, last } = await landingSpan(client, batches);
  const { rows } = await client.query<{ responses: string[]; readings: string }>(
    `with response as (
        select response_id, readings from ${allResponses(RESOURCES, '$5', '$6')} as response
        where batch_id = any ($1::bigint[])
        union
        select response_id, readings
        from unnest($2::timestamptz[], $3::timestamptz[]) as part (start_at, end_at)
        join ${responsesWithReadings(RESOURCES, "'-infinity'", "'infinity'")} as response on touched_hours && int4range(
          case when isfinite(start_at) then floor(extract(epoch from start_at) / 3600)::integer end,
          case when isfinite(end_at) then ceil(extract(epoch from end_at) / 3600)::integer end
        )
      ),
      placed as (
        select *, (sum(readings) over (order by response_id) - readings) / $4::bigint as slice
        from response
      )
      select array_agg(response_id order by response_id) as responses, sum(readings) as readings
      from placed group by div(slice, 1) order by min(response_id)`,
    [
      batches,
      parts.map(({ start }) => start),
      parts.map(({ end }) => end),
      whole ? Number.MAX_SAFE_INTEGER : READINGS_A_SLICE,
      first,
      last,
    ],
  );
  return rows.map(({ responses, readings }) => ({ responses, readings: Number(readings) }));
}
