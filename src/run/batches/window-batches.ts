import type { ClientBase } from 'pg';
import { type Relation, renderRelation } from '../../project/relation.js';
import { batchesTouching } from '../../raw/landing-span.js';
import { responsesWithReadings } from '../../raw/raw-table.js';
import { RESOURCES } from '../../raw/resources.js';
import { chunkSpans } from '../catalog/chunks.js';
import type { TimeWindow } from './time-window.js';

/** Readings up to which neighbouring chunks are rebuilt together. */
const READINGS_A_BATCH = 1_000_000;

/** A part of a window that is rebuilt in one transaction: whole chunks, but for its ends. */
export interface WindowBatch extends TimeWindow {
  /** Landed responses that have readings in it. */
  readonly responses: number;
  /** Readings of these responses, also those outside of it. */
  readonly readings: number;
}

/**
 * Cuts a window at the bounds of chunks, leaves out what has neither raw nor rows, and puts
 * neighbours together as long as that costs little more to unnest.
 */
export async function cutWindow(
  client: ClientBase,
  relation: Relation,
  column: string,
  window: TimeWindow,
): Promise<WindowBatch[]> {
  const spans = await chunkSpans(client, relation, window);
  const { first, last, batchIds } = await batchesTouching(client, window);
  const time = client.escapeIdentifier(column);
  const { rows } = await client.query<{
    start: Date;
    end: Date;
    responses: string[] | null;
    readings: string[] | null;
  }>(
    `with part as (
        select to_timestamp(part_start / 1000) as "start", to_timestamp(part_end / 1000) as "end",
          int4range(floor(part_start / 3600000)::integer, ceil(part_end / 3600000)::integer) as hours
        from unnest($1::double precision[], $2::double precision[]) as part (part_start, part_end)
      ),
      response as materialized (
        select response_id, readings, touched_hours
        from ${responsesWithReadings(RESOURCES, '$3', '$4')} as response
        where batch_id = any ($5::bigint[])
          and touched_hours && (select range_merge(range_agg(hours)) from part)
      )
      select part."start", part."end", touched.responses, touched.readings
      from part
      cross join lateral (
        select array_agg(response_id order by response_id) as responses,
          array_agg(readings order by response_id) as readings
        from response where touched_hours && part.hours
      ) as touched
      where touched.responses is not null or exists (
        select from ${renderRelation(relation)} as existing
        where existing.${time} >= part."start" and existing.${time} < part."end"
      )
      order by 1`,
    [spans.map(([start]) => start), spans.map(([, end]) => end), first, last, batchIds],
  );
  const batches: { start: Date; end: Date; readings: Map<string, number>; first: number }[] = [];
  for (const row of rows) {
    const own = new Map(
      (row.responses ?? []).map((id, index) => [id, Number(row.readings?.[index] ?? 0)]),
    );
    const last = batches.at(-1);
    const union = new Map([...(last?.readings ?? []), ...own]);
    const limit = Math.max(READINGS_A_BATCH, (last?.first ?? 0) * 1.25);
    if (last !== undefined && sumOf(union) <= limit) {
      last.end = row.end;
      last.readings = union;
    } else {
      batches.push({ start: row.start, end: row.end, readings: own, first: sumOf(own) });
    }
  }
  return batches.map(({ start, end, readings }) => ({
    start,
    end,
    responses: readings.size,
    readings: sumOf(readings),
  }));
}

function sumOf(readings: ReadonlyMap<string, number>): number {
  let sum = 0;
  for (const value of readings.values()) sum += value;
  return sum;
}
