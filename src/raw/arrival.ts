import type { ClientBase } from 'pg';

/** How many readings these batches bring for a day, by the hours that they touch. */
export async function readingsADay(
  client: ClientBase,
  batchIds: readonly string[],
): Promise<number> {
  const { rows } = await client.query<{ readings: number }>(
    `with landed as (
        select sum(readings)::float8 as readings, range_agg(touched_hours) as touched
        from raw.batch_content where batch_id = any ($1::bigint[])
      )
      select coalesce(landed.readings * 24 / nullif(hours.count, 0), 0)::float8 as readings
      from landed
      cross join lateral (
        select sum(upper(part) - lower(part)) as count from unnest(landed.touched) as part
      ) as hours`,
    [batchIds],
  );
  return rows[0]?.readings ?? 0;
}
