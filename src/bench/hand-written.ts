import type { PoolClient } from 'pg';
import { timed } from './median.js';

interface Metric {
  readonly vendor_series: string;
  readonly column_name: string;
  readonly column_type: string;
  readonly scale: number;
}

/** Seconds of the same unnest as one statement, without a check, a ledger or a later response that wins. */
export async function handWrittenSeconds(client: PoolClient): Promise<number> {
  const { rows: metrics } = await client.query<Metric>(
    'select vendor_series, column_name, column_type, scale from metric_catalog order by metric_id',
  );
  await client.query('create table public.hand_telemetry (like public.battery_telemetry)');
  await client.query('alter table public.hand_telemetry add primary key (device_id, ts)');
  await client.query(
    "select create_hypertable('public.hand_telemetry', by_range('ts', interval '1 day'), create_default_indexes => false)",
  );
  const columns = metrics.map(
    ({ vendor_series, column_name, column_type, scale }) =>
      `round(max(value * ${scale}) filter (where series = ${client.escapeLiteral(vendor_series)}))::${column_type} as ${column_name}`,
  );
  const { seconds } = await timed(async () => {
    await client.query('begin');
    // as the model does: the planner can't see into jsonb
    await client.query('set local enable_sort = off');
    await client.query(`
      insert into public.hand_telemetry (device_id, ts, ${metrics.map((one) => one.column_name).join(', ')})
      select device_id, 'epoch'::timestamptz + ts_ms * interval '1 millisecond', ${columns.join(', ')}
      from (
        select device.device_id, series.name as series, (reading -> 0)::bigint as ts_ms,
          (reading -> 1)::double precision as value
        from raw.telemetry_response as response
        join device using (device_uuid)
        cross join lateral (
          select entry ->> 'name' as name, entry -> 'data' as data
          from jsonb_array_elements(response.body -> 'series') as entry
          offset 0
        ) as series
        cross join lateral jsonb_array_elements(series.data) as reading
      ) as reading
      group by device_id, ts_ms`);
    await client.query('commit');
  });
  await client.query('drop table public.hand_telemetry');
  return seconds;
}
