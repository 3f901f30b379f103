import type { ClientBase } from 'pg';
import { type Relation, renderRelation } from '../project/relation.js';

/** Readings that one statement unnests at the most, so that memory stays bounded. */
const READINGS_A_SLICE = 1_000_000;

/** A run of landed responses that is processed by one statement. */
export interface Slice {
  readonly low: string;
  readonly high: string;
  readonly batches: readonly string[];
  readonly responses: number;
  readonly readings: number;
}

/** The batches that a model has still to process, cut into slices in the order of landing. */
export interface PendingWork {
  readonly batches: readonly string[];
  readonly slices: readonly Slice[];
  readonly readings: number;
}

/** Batches with documents that the ledger does not have for `node`; all of them with `everything`. */
export async function pendingWork(
  client: ClientBase,
  node: string,
  everything: boolean,
): Promise<PendingWork> {
  const batches = await client.query<{ batch_id: string }>(
    `select batch_id from raw.batch
      where status = 'landed' and documents > 0 and ($2 or not exists (
        select from belt.model_batch as done
        where done.node = $1 and done.batch_id = batch.batch_id
      ))
      order by batch_id`,
    [node, everything],
  );
  const ids = batches.rows.map((row) => row.batch_id);
  const slices = await client.query<{
    low: string;
    high: string;
    batches: string[];
    responses: string;
    readings: string;
  }>(
    `with response as (
        select response_id, batch_id, readings from raw.telemetry_response
        where batch_id = any ($1::bigint[])
        union all
        select response_id, batch_id, 0 from raw.asset_response where batch_id = any ($1::bigint[])
      ),
      placed as (
        select *, (sum(readings) over (order by response_id) - readings) / $2::bigint as slice
        from response
      )
      select min(response_id) as low, max(response_id) as high,
        array_agg(distinct batch_id) as batches, count(*) as responses, sum(readings) as readings
      from placed group by div(slice, 1) order by low`,
    [ids, READINGS_A_SLICE],
  );
  return {
    batches: ids,
    slices: slices.rows.map((row) => ({
      ...row,
      responses: Number(row.responses),
      readings: Number(row.readings),
    })),
    readings: slices.rows.reduce((sum, row) => sum + Number(row.readings), 0),
  };
}

/** Makes the temporary tables that compiled models read their slice from. */
export async function prepareSlices(client: ClientBase): Promise<void> {
  await client.query(`
    create temp table if not exists belt_slice (low bigint not null, high bigint not null);
    create temp table if not exists belt_slice_batch (batch_id bigint primary key);
    truncate belt_slice, belt_slice_batch;
  `);
}

/** Lets the models see this slice as what is new. */
export async function enterSlice(client: ClientBase, slice: Slice): Promise<void> {
  await client.query('truncate belt_slice, belt_slice_batch');
  await client.query('insert into belt_slice values ($1, $2)', [slice.low, slice.high]);
  await client.query('insert into belt_slice_batch select unnest($1::bigint[])', [slice.batches]);
}

/** The SQL that `new_rows(relation)` stands for: those of its rows that are in the slice. */
export function newRowsOf(relation: Relation): string {
  return `(
    select * from ${renderRelation(relation)}
    where batch_id = any (array(select batch_id from pg_temp.belt_slice_batch))
      and response_id between (select low from pg_temp.belt_slice) and (select high from pg_temp.belt_slice)
  )`;
}
