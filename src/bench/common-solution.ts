import { readFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { PoolClient } from 'pg';
import type { FleetDocuments } from './fleet-documents.js';
import { timed } from './median.js';

/** Rows of one INSERT, as drivers' batches usually are. */
const BATCH_ROWS = 1000;

export interface CommonFigures {
  readonly readings: number;
  readonly seconds: number;
  readonly rowBytes: number;
  readonly compressedBytes: number;
}

/**
 * The common solution of the task, end to end: parse each response, and INSERT its readings in
 * batches into one narrow table with the device's UUID, the metric's name and a float.
 */
export async function measureCommon(
  client: PoolClient,
  fleet: FleetDocuments,
): Promise<CommonFigures> {
  await client.query(`
    create table public.common_telemetry (
      ts timestamptz not null,
      device_id uuid not null,
      metric text not null,
      value double precision,
      primary key (ts, device_id, metric)
    )`);
  await client.query("select create_hypertable('public.common_telemetry', 'ts')");
  let readings = 0;
  const { seconds } = await timed(async () => {
    let batch: unknown[] = [];
    const flush = async () => {
      if (batch.length === 0) return;
      readings += batch.length / 4;
      await client.query(insertStatement(batch.length / 4), batch);
      batch = [];
    };
    for (const file of fleet.files) {
      const deviceId = deviceOf(file);
      const { series } = JSON.parse(readFileSync(file, 'utf8')) as {
        series: { name: string; data: [number, number][] }[];
      };
      for (const { name, data } of series) {
        for (const [ms, value] of data) {
          batch.push(new Date(ms), deviceId, name, value);
          if (batch.length === BATCH_ROWS * 4) await flush();
        }
      }
    }
    await flush();
  });
  await client.query(
    "alter table public.common_telemetry set (timescaledb.compress, timescaledb.compress_segmentby = 'device_id, metric', timescaledb.compress_orderby = 'ts')",
  );
  await client.query(
    "select compress_chunk(chunk) from show_chunks('public.common_telemetry') as chunk",
  );
  const { rows } = await client.query<{ before: number; after: number }>(
    `select before_compression_total_bytes::float8 as before, after_compression_total_bytes::float8 as after
      from hypertable_compression_stats('public.common_telemetry')`,
  );
  await client.query('drop table public.common_telemetry');
  return {
    readings,
    seconds,
    rowBytes: (rows[0]?.before ?? Number.NaN) / readings,
    compressedBytes: (rows[0]?.after ?? Number.NaN) / readings,
  };
}

const STATEMENTS = new Map<number, string>();

function insertStatement(rows: number): string {
  const known = STATEMENTS.get(rows);
  if (known !== undefined) return known;
  const values = Array.from(
    { length: rows },
    (_, row) => `($${row * 4 + 1}, $${row * 4 + 2}, $${row * 4 + 3}, $${row * 4 + 4})`,
  );
  const statement = `insert into public.common_telemetry (ts, device_id, metric, value) values ${values.join(', ')}
    on conflict (ts, device_id, metric) do update set value = excluded.value`;
  STATEMENTS.set(rows, statement);
  return statement;
}

function deviceOf(file: string): string {
  return basename(dirname(file));
}
