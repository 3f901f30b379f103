import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ClientBase } from 'pg';
import type { RawDay } from '../old-raw.js';
import { rawTable } from '../raw-table.js';
import { hasReadings, type Resource } from '../resource.js';
import {
  type ArchivedBatch,
  type ArchiveIndex,
  DATA_END,
  indexOf,
  newIndex,
} from './archive-index.js';
import { verifyLines } from './archive-lines.js';
import { hashFile, partialOf, publishPartial, writePartial } from './durable-file.js';

/** Bytes of documents, and responses, that are read at a time. */
const GROUP_BYTES = 16 * 1024 * 1024;
const GROUP_ROWS = 1000;

/**
 * Writes the responses of a day into a file of their own, and then its index, which says that the
 * file is complete: both are on the disk, and the file was read back, when this resolves.
 */
export async function writeDay(
  client: ClientBase,
  folder: string,
  day: RawDay,
  checkAborted: () => void,
): Promise<ArchiveIndex> {
  const file = freeName(folder, day);
  const path = join(folder, file);
  await mkdir(dirname(path), { recursive: true });
  const batchIds = day.batches.map(({ batchId }) => batchId);
  const counted = { documents: 0, readings: 0, byBatch: new Map<string, number>() };
  async function* lines(): AsyncGenerator<string> {
    for await (const { line, batchId, readings } of responses(client, day, batchIds)) {
      checkAborted();
      counted.documents++;
      counted.readings += Number(readings);
      counted.byBatch.set(batchId, (counted.byBatch.get(batchId) ?? 0) + 1);
      yield `${line}\n`;
    }
  }
  const { bytes, sha256 } = await writePartial(path, lines());
  const partial = partialOf(path);
  await verifyLines(partial, counted.documents);
  if ((await hashFile(partial)) !== sha256) {
    throw new Error(`${partial} is not what was written to it.`);
  }
  await publishPartial(path);
  const batches = await describeBatches(client, batchIds);
  const index = newIndex({
    file,
    resource: day.resource.table,
    landed_on: day.landedOn,
    documents: counted.documents,
    readings: counted.readings,
    bytes,
    sha256,
    batches: batches.map((batch) => ({
      ...batch,
      documents: counted.byBatch.get(String(batch.batch.batch_id)) ?? 0,
    })),
  });
  const indexPath = join(folder, indexOf(file));
  await writePartial(indexPath, indexLines(client, index, day.resource, batchIds));
  await publishPartial(indexPath);
  return index;
}

/** A name of which there is no index: a file without one was never finished, and is written over. */
function freeName(folder: string, { resource, landedOn }: RawDay): string {
  for (let number = 1; ; number++) {
    const file = `${resource.table}/${landedOn}${number === 1 ? '' : `-${number}`}${DATA_END}`;
    if (!existsSync(join(folder, indexOf(file)))) return file;
  }
}

interface ResponseLine {
  readonly batchId: string;
  readonly readings: string;
  /** The whole row, as JSON. */
  readonly line: string;
}

/**
 * The responses of a day, as they lie: in the columnstore by device, so that each is unpacked once.
 * Only some MB of them are held at once.
 */
async function* responses(
  client: ClientBase,
  { resource, landedOn }: RawDay,
  batchIds: readonly string[],
): AsyncGenerator<ResponseLine> {
  const values = [batchIds, landedOn];
  const { rows: sizes } = await client.query<{ largest: string | null }>(
    `select max(size_bytes) as largest from ${rawTable(resource)} where ${OF_DAY}`,
    values,
  );
  const largest = Number(sizes[0]?.largest ?? 0);
  const count = Math.min(GROUP_ROWS, Math.max(1, Math.floor(GROUP_BYTES / largest)));
  await client.query('begin');
  try {
    await client.query(
      `declare belt_day no scroll cursor for
        select batch_id as "batchId", ${hasReadings(resource) ? 'readings' : '0'} as readings,
          row_to_json(response)::text as line
        from ${rawTable(resource)} as response where ${OF_DAY}`,
      values,
    );
    for (;;) {
      const { rows } = await client.query<ResponseLine>(`fetch ${count} from belt_day`);
      if (rows.length === 0) break;
      yield* rows;
    }
  } finally {
    await client.query('rollback');
  }
}

/** Batches of a day, which are $1 and $2. */
const OF_DAY = `batch_id = any ($1::bigint[])
  and landed_at >= $2::date and landed_at < $2::date + 1`;

/** What an index tells of each response. */
const INDEXED = [
  'response_id',
  'batch_id',
  'resource_path',
  'part',
  'parts',
  'sha256',
  'landed_at',
];
const INDEXED_READINGS = ['device_uuid', 'readings', 'touched_hours'];

/** Responses that are read at a time for an index. */
const INDEX_ROWS = 10_000;

async function* indexLines(
  client: ClientBase,
  index: ArchiveIndex,
  resource: Resource,
  batchIds: readonly string[],
): AsyncGenerator<string> {
  yield `${JSON.stringify(index)}\n`;
  const { landed_on: landedOn } = index;
  const columns = hasReadings(resource) ? [...INDEXED, ...INDEXED_READINGS] : INDEXED;
  let after = '0';
  for (;;) {
    const { rows } = await client.query<{ response_id: string; line: string }>(
      `select response_id, row_to_json(response)::text as line from (
          select ${columns.join(', ')} from ${rawTable(resource)}
          where ${OF_DAY} and response_id > $3
          order by response_id limit $4
        ) as response order by response_id`,
      [batchIds, landedOn, after, INDEX_ROWS],
    );
    for (const { line } of rows) yield `${line}\n`;
    const last = rows.at(-1);
    if (last === undefined) return;
    after = last.response_id;
  }
}

async function describeBatches(
  client: ClientBase,
  batchIds: readonly string[],
): Promise<Omit<ArchivedBatch, 'documents'>[]> {
  const { rows } = await client.query<Omit<ArchivedBatch, 'documents'>>(
    `select to_jsonb(batch) as batch, (
        select jsonb_agg(to_jsonb(content) order by resource) from raw.batch_content as content
        where content.batch_id = batch.batch_id
      ) as contents
      from raw.batch as batch where batch_id = any ($1::bigint[]) order by batch_id`,
    [batchIds],
  );
  return rows;
}
