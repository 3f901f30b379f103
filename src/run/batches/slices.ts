import pg, { type ClientBase } from 'pg';
import { type Relation, renderRelation } from '../../project/relation.js';
import { batchesTouching, landingSpan } from '../../raw/landing-span.js';
import { allResponses, responsesWithReadings } from '../../raw/raw-table.js';
import { RESOURCES } from '../../raw/resources.js';
import { tableOf } from './landed-sources.js';
import { shardOf } from './shards.js';

/** Readings that one statement unnests at the most, so that memory stays bounded. */
export const READINGS_A_SLICE = 1_000_000;

/** A run of landed responses that is processed by one statement. */
export interface Slice {
  readonly low: string;
  readonly high: string;
  readonly batches: readonly string[];
  readonly responses: number;
  readonly readings: number;
}

/** A slice as the database tells it. */
export type SliceRow = Omit<Slice, 'responses' | 'readings'> & {
  readonly responses: string;
  readonly readings: string;
};

/** What of a group of responses makes a slice of it. */
export const SLICE_COLUMNS = `min(response_id) as low, max(response_id) as high,
  array_agg(distinct batch_id) as batches, count(*) as responses, sum(readings) as readings`;

export function sliceOf({ low, high, batches, responses, readings }: SliceRow): Slice {
  return { low, high, batches, responses: Number(responses), readings: Number(readings) };
}

/** The batches with documents that have been landed, in this order. */
export async function landedBatches(client: ClientBase): Promise<string[]> {
  const { rows } = await client.query<{ batch_id: string }>(
    "select batch_id from raw.batch where status = 'landed' and documents > 0 order by batch_id",
  );
  return rows.map((row) => row.batch_id);
}

/** Cuts batches into slices in the order of landing; with `whole`, into one at the most. */
export async function slicesOf(
  client: ClientBase,
  batches: readonly string[],
  whole: boolean,
): Promise<Slice[]> {
  if (batches.length === 0) return [];
  const { first, last } = await landingSpan(client, batches);
  const { rows } = await client.query<SliceRow>(
    `with placed as (
        select *, (sum(readings) over (order by response_id) - readings) / $2::bigint as slice
        from ${allResponses(RESOURCES, '$3', '$4')} as response
        where batch_id = any ($1::bigint[])
      )
      select ${SLICE_COLUMNS} from placed group by div(slice, 1) order by low`,
    [batches, whole ? Number.MAX_SAFE_INTEGER : READINGS_A_SLICE, first, last],
  );
  return rows.map(sliceOf);
}

/** Readings that are enough to tell what others are like. */
const SAMPLE_READINGS = 50_000;

/** The last landed of these batches' responses: enough to tell what others are like. */
export async function sampleOf(
  client: ClientBase,
  batches: readonly string[],
): Promise<Slice | undefined> {
  const { first, last } = await landingSpan(client, batches);
  const { rows } = await client.query<SliceRow>(
    `with placed as (
        select *, sum(readings) over (order by response_id desc) - readings as before
        from ${allResponses(RESOURCES, '$3', '$4')} as response
        where batch_id = any ($1::bigint[])
      )
      select ${SLICE_COLUMNS} from placed where before < $2 having count(*) > 0`,
    [batches, SAMPLE_READINGS, first, last],
  );
  return rows.map(sliceOf)[0];
}

/** Landed responses that one statement processes, of those that touch a window. */
export interface ResponseSlice {
  readonly responses: readonly string[];
  readonly readings: number;
}

/** The responses that have readings in a window, cut into slices in the order of landing. */
export async function slicesOfWindow(
  client: ClientBase,
  window: { readonly start: Date; readonly end: Date },
): Promise<ResponseSlice[]> {
  const { first, last, batchIds } = await batchesTouching(client, window);
  const { rows } = await client.query<{ responses: string[]; readings: string }>(
    `with response as (
        select response_id, readings,
          (sum(readings) over (order by response_id) - readings) / $3::bigint as slice
        from ${responsesWithReadings(RESOURCES, '$4', '$5')} as landed
        where batch_id = any ($6::bigint[]) and touched_hours && int4range(
          floor(extract(epoch from $1::timestamptz) / 3600)::integer,
          ceil(extract(epoch from $2::timestamptz) / 3600)::integer
        )
      )
      select array_agg(response_id order by response_id) as responses, sum(readings) as readings
      from response group by div(slice, 1) order by min(response_id)`,
    [window.start, window.end, READINGS_A_SLICE, first, last, batchIds],
  );
  return rows.map((row) => ({ responses: row.responses, readings: Number(row.readings) }));
}

/**
 * The settings of a session that tell its models which rows are new, each a list or a number of
 * ids: a plain value, so that many sessions can each have their own slice of the same tables.
 */
const LOW = 'belt.slice_low';
const HIGH = 'belt.slice_high';
const BATCHES = 'belt.slice_batches';
const SHARDS = 'belt.slice_shards';
const SHARD_COUNT = 'belt.slice_shard_count';
const RESPONSES = 'belt.slice_responses';

/** A range, by which the columnstore passes over what is not in it. */
const IN_SLICE = `response_id between ${setting(LOW, 'bigint')} and ${setting(HIGH, 'bigint')}`;

/** Some of so many shards. */
export interface ShardSet {
  readonly shards: readonly number[];
  readonly of: number;
}

/**
 * Lets the models see this slice as what is new, until the transaction ends; those with parallel_by
 * only the rows of some shards.
 */
export async function enterSlice(
  client: ClientBase,
  slice: Slice,
  shards?: ShardSet,
): Promise<void> {
  const settings = [
    [LOW, slice.low],
    [HIGH, slice.high],
    [BATCHES, `{${slice.batches.join(',')}}`],
    ...(shards === undefined
      ? []
      : [
          [SHARDS, `{${shards.shards.join(',')}}`],
          [SHARD_COUNT, String(shards.of)],
        ]),
  ];
  const calls = settings.map(
    (_, index) => `set_config($${index * 2 + 1}, $${index * 2 + 2}, true)`,
  );
  await client.query(`select ${calls.join(', ')}`, settings.flat());
}

/**
 * The SQL that `new_rows(relation)` stands for: those of its rows that are in the slice, and, with
 * the column of parallel_by, in its shards.
 */
export function newRowsOf(relation: Relation, parallelBy?: string): string {
  const shard =
    parallelBy && shardOf(pg.escapeIdentifier(parallelBy), setting(SHARD_COUNT, 'integer'));
  const ofShards =
    shard === undefined ? '' : `\n      and ${shard} = any (${setting(SHARDS, 'integer[]')})`;
  return `(
    select * from ${renderRelation(tableOf(relation))}
    where batch_id = any (${setting(BATCHES, 'bigint[]')})
      and ${IN_SLICE}${ofShards}
  )`;
}

/** Lets models that are compiled for whole responses see these ones, in order, until the transaction ends. */
export async function enterResponses(
  client: ClientBase,
  responses: readonly string[],
): Promise<void> {
  await client.query(
    'select set_config($1, $2, true), set_config($3, $4, true), set_config($5, $6, true)',
    [LOW, responses[0] ?? '', HIGH, responses.at(-1) ?? '', RESPONSES, `{${responses.join(',')}}`],
  );
}

/** The SQL that `new_rows(relation)` stands for while a window is rebuilt. */
export function rowsOfResponses(relation: Relation): string {
  return `(
    select * from ${renderRelation(tableOf(relation))}
    where response_id = any (${setting(RESPONSES, 'bigint[]')}) and ${IN_SLICE}
  )`;
}

/**
 * A setting's value, null where no slice was entered: then nothing is new. A subquery, so that it
 * is read once a statement, and plans are those of any slice.
 */
function setting(name: string, type: 'bigint' | 'bigint[]' | 'integer' | 'integer[]'): string {
  return `(select nullif(current_setting('${name}', true), '')::${type})::${type}`;
}
