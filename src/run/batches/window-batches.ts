import type { ClientBase } from 'pg';
import { type Relation, renderRelation } from '../../project/relation.js';
import { responsesWithReadings } from '../../raw/raw-table.js';
import { RESOURCES } from '../../raw/resources.js';
import { chunkWidth } from '../catalog/chunks.js';
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
  const width = await chunkWidth(client, relation);
  const { rows } = await client.query<{
    start: Date;
    end: Date;
    responses: string[] | null;
    readings: string[] | null;
  }>(
    `with part as (
        select greatest(start_at, $1::timestamptz) as "start",
          least(start_at + $3 * interval '1 millisecond', $2::timestamptz) as "end"
        from (
          select timestamptz 'epoch' + step * $3 * interval '1 millisecond' as start_at
          from generate_series(
            floor(extract(epoch from $1::timestamptz) * 1000 / $3)::bigint,
            ceil(extract(epoch from $2::timestamptz) * 1000 / $3)::bigint - 1
          ) as step
        ) as chunk
      )
      select part.*, touched.responses, touched.readings
      from part
      cross join lateral (
        select array_agg(response_id order by response_id) as responses,
          array_agg(readings order by response_id) as readings
        from ${responsesWithReadings(RESOURCES)} as response
        where touched_hours && int4range(${hourOf('part."start"')}, ${hourOf('part."end" - interval \'1 microsecond\'')} + 1)
      ) as touched
      where touched.responses is not null or exists (
        select from ${renderRelation(relation)} as existing
        where existing.${client.escapeIdentifier(column)} >= part."start"
          and existing.${client.escapeIdentifier(column)} < part."end"
      )
      order by 1`,
    [window.start, window.end, width],
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

/** SQL for the hours since 1970 of a time. */
function hourOf(time: string): string {
  return `floor(extract(epoch from ${time}) / 3600)::integer`;
}

function sumOf(readings: ReadonlyMap<string, number>): number {
  let sum = 0;
  for (const value of readings.values()) sum += value;
  return sum;
}
