import { readFileSync } from 'node:fs';
import { parse } from 'csv-parse/sync';
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

export interface CapacityErrors {
  /** Months of devices, and those whose capacity is told. */
  readonly months: number;
  readonly told: number;
  /** What is told of them against the truth, in percent of it. */
  readonly medianPercent: number;
  readonly worstPercent: number;
}

/** Compares the usable capacities of battery_degradation with those of a truth file. */
export async function measureCapacityErrors(
  client: PoolClient,
  truthFile: string,
): Promise<CapacityErrors> {
  const days = parse(readFileSync(truthFile), { columns: true }) as Record<string, string>[];
  const truths = new Map<string, number[]>();
  for (const day of days) {
    const key = `${day.device_uuid} ${day.day?.slice(0, 7)}`;
    truths.set(key, [...(truths.get(key) ?? []), Number(day.capacity_wh)]);
  }
  const { rows } = await client.query<{ key: string; capacity_wh: number | null }>(
    `select device_uuid || to_char(month at time zone 'UTC', ' YYYY-MM') as key,
        usable_capacity_wh as capacity_wh
      from public.battery_degradation inner join public.device using (device_id)`,
  );
  const errors = rows.flatMap(({ key, capacity_wh: told }) => {
    const truth = truths.get(key) ?? [];
    const mean = truth.reduce((sum, one) => sum + one, 0) / truth.length;
    return told === null ? [] : [Math.abs(told / mean - 1) * 100];
  });
  return {
    months: rows.length,
    told: errors.length,
    medianPercent: median(errors),
    worstPercent: Math.max(...errors),
  };
}
