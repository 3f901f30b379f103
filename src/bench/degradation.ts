import type { PoolClient } from 'pg';
import { median, timed } from './median.js';

/** Round-trip efficiency and equivalent throughput of each device and month of the year. */
const FROM_AGGREGATES = `
  select device_id, date_trunc('month', bucket) as month,
    last(battery_import_wh_last, bucket) - first(battery_import_wh_first, bucket) as charged_wh,
    last(battery_export_wh_last, bucket) - first(battery_export_wh_first, bucket) as discharged_wh
  from public.battery_daily
  group by 1, 2 order by 1, 2`;

const FROM_RAW_ROWS = `
  select device_id, date_trunc('month', ts) as month,
    last(battery_import_wh, ts) - first(battery_import_wh, ts) as charged_wh,
    last(battery_export_wh, ts) - first(battery_export_wh, ts) as discharged_wh
  from public.battery_telemetry
  group by 1, 2 order by 1, 2`;

export interface DegradationFigures {
  readonly rows: number;
  readonly fromAggregatesMs: number;
  readonly fromRawRowsMs: number;
}

/** A year's degradation of a fleet, from the days and from the readings; both tell the same. */
export async function measureDegradation(
  client: PoolClient,
  rounds: number,
): Promise<DegradationFigures> {
  const ask = async (query: string) => {
    const times: number[] = [];
    let rows: unknown[] = [];
    for (let round = 0; round < rounds; round++) {
      const { value, seconds } = await timed(() => client.query(query));
      times.push(seconds * 1000);
      rows = value.rows;
    }
    return { rows, ms: median(times) };
  };
  const aggregates = await ask(FROM_AGGREGATES);
  const raw = await ask(FROM_RAW_ROWS);
  if (JSON.stringify(aggregates.rows) !== JSON.stringify(raw.rows)) {
    throw new Error('The aggregates and the raw rows tell different energies.');
  }
  return { rows: raw.rows.length, fromAggregatesMs: aggregates.ms, fromRawRowsMs: raw.ms };
}
