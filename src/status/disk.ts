import type { ClientBase } from 'pg';
import { readingsADay } from '../raw/arrival.js';
import { readRawStatus } from '../raw/raw-status.js';
import { RESOURCES } from '../raw/resources.js';
import { chunkSizes } from '../run/catalog/chunks.js';
import { readTables } from '../run/catalog/table-sizes.js';

/** Where the disk goes. */
export interface DiskStatus {
  readonly layers: readonly DiskLayer[];
  /** What comes, by the readings of the last 30 days' landings; undefined where there are none. */
  readonly next30Days: DiskForecast | undefined;
}

interface DiskLayer {
  readonly name: 'raw' | 'row store' | 'compressed' | 'aggregates' | 'indexes' | 'archive';
  readonly bytes: number;
  /** Readings that these bytes hold. */
  readonly readings: number;
}

interface DiskForecast {
  readonly readingsADay: number;
  /** What raw takes more, or less: what lands, moves into the columnstore, and is dropped. */
  readonly rawBytes: number;
  /** What tables, hypertables and aggregates take more, by what a reading takes in them compressed. */
  readonly modelBytes: number;
  /** Of raw, what retention drops meanwhile. */
  readonly droppedBytes: number;
}

const FORECAST_DAYS = 30;

/** What the columnstore makes of a byte of raw, where none is in it yet. */
const RAW_COLUMNSTORE_RATIO = 0.75;

/** Reads the sizes of a database by what they are for; `readings` are those of its models. */
export async function readDisk(
  client: ClientBase,
  readings: number | undefined,
): Promise<DiskStatus> {
  const raw = (await readRawStatus(client, RESOURCES)).resources;
  const sumOf = (key: 'storedBytes' | 'readings' | 'columnstoreBytes' | 'columnstoreReadings') =>
    raw.reduce((sum, resource) => sum + resource[key], 0);
  const inRaw = sumOf('readings');
  const archives = raw.flatMap((resource) => resource.archives);
  const held = readings ?? inRaw;
  const chunks = await chunkSizes(client);
  const hypertables = chunks.filter(({ kind }) => kind === 'hypertable');
  const tables = await readTables(client);
  const indexBytes = tables.indexBytes + tables.chunkIndexBytes;
  const compressedBytes = total(hypertables, 'compressedBytes');
  const aggregates = chunks.filter(({ kind }) => kind === 'continuous aggregate');
  const aggregateBytes = total(aggregates, 'rowStoreBytes') + total(aggregates, 'compressedBytes');
  const rowBytes = total(hypertables, 'rowStoreBytes') - tables.chunkIndexBytes + tables.tableBytes;
  const layers: DiskLayer[] = [
    { name: 'raw', bytes: sumOf('storedBytes'), readings: inRaw },
    { name: 'row store', bytes: rowBytes, readings: held },
    { name: 'compressed', bytes: compressedBytes, readings: held },
    { name: 'aggregates', bytes: aggregateBytes, readings: held },
    { name: 'indexes', bytes: indexBytes, readings: held },
    {
      name: 'archive',
      bytes: archives.reduce((sum, { storedBytes }) => sum + storedBytes, 0),
      readings: archives.reduce((sum, archive) => sum + archive.readings, 0),
    },
  ];
  const rowReadings = inRaw - sumOf('columnstoreReadings');
  const rowRate = rate(sumOf('storedBytes') - sumOf('columnstoreBytes'), rowReadings);
  const columnstoreRate =
    rate(sumOf('columnstoreBytes'), sumOf('columnstoreReadings')) ??
    (rowRate ?? 0) * RAW_COLUMNSTORE_RATIO;
  const modelBytes = compressedBytes > 0 ? compressedBytes : rowBytes + indexBytes;
  return {
    layers,
    next30Days: await readForecast(client, {
      rowReadings,
      rowRate: rowRate ?? columnstoreRate,
      columnstoreRate,
      modelRate: rate(modelBytes + aggregateBytes, held) ?? 0,
    }),
  };
}

function rate(bytes: number, readings: number): number | undefined {
  return readings > 0 ? bytes / readings : undefined;
}

function total<K extends string>(all: readonly Readonly<Record<K, number>>[], key: K): number {
  return all.reduce((sum, one) => sum + one[key], 0);
}

interface Rates {
  readonly rowReadings: number;
  /** Bytes a reading. */
  readonly rowRate: number;
  readonly columnstoreRate: number;
  readonly modelRate: number;
}

async function readForecast(
  client: ClientBase,
  { rowReadings, rowRate, columnstoreRate, modelRate }: Rates,
): Promise<DiskForecast | undefined> {
  const { rows } = await client.query<{
    batches: string[] | null;
    columnstoreDays: number | null;
    dropped: number;
  }>(
    `with job as (
        select config ->> 'columnstore_after' as columnstore_after, config ->> 'retention' as retention
        from raw.life_cycle
      )
      select
        (select array_agg(distinct batch_id) from raw.batch_content
          where landed_at > now() - $1 * interval '1 day' and readings > 0) as batches,
        (select (extract(epoch from columnstore_after::interval) / 86400)::float8 from job)
          as "columnstoreDays",
        (select coalesce(sum(readings), 0)::float8 from raw.batch_content
          where dropped_at is null and greatest(landed_at, restored_at)
            < now() + $1 * interval '1 day' - (select retention from job)::interval) as dropped`,
    [FORECAST_DAYS],
  );
  const [row] = rows;
  if (row === undefined || row.batches === null) return undefined;
  const daily = await readingsADay(client, row.batches);
  const rowDays = Math.min(FORECAST_DAYS, row.columnstoreDays ?? FORECAST_DAYS);
  const moved = rowDays < FORECAST_DAYS ? rowReadings * (rowRate - columnstoreRate) : 0;
  const droppedBytes = row.dropped * columnstoreRate;
  const landedBytes = daily * (rowDays * rowRate + (FORECAST_DAYS - rowDays) * columnstoreRate);
  return {
    readingsADay: daily,
    rawBytes: landedBytes - moved - droppedBytes,
    modelBytes: daily * FORECAST_DAYS * modelRate,
    droppedBytes,
  };
}
