import type { ClientBase } from 'pg';
import { RAW_SCHEMA, rawTable } from './raw-table.js';
import type { Resource } from './resource.js';

/**
 * Drops the responses of batches of a resource, and notes by what: in the caller's transaction.
 * Chunks that hold nothing else are dropped as a whole, which gives their disk back at once.
 */
export async function dropRaw(
  client: ClientBase,
  resource: Resource,
  batchIds: readonly string[],
  by: 'archive' | 'retention',
): Promise<void> {
  const table = rawTable(resource);
  for (const { chunk, start, end } of await chunksOf(client, resource, batchIds)) {
    const { rows } = await client.query<{ shared: boolean }>(
      `select exists (select from ${chunk} where batch_id <> all ($1::bigint[])) as shared`,
      [batchIds],
    );
    if (rows[0]?.shared !== false) continue;
    await client.query(
      'select drop_chunks($1::regclass, older_than => $3::timestamptz, newer_than => $2::timestamptz)',
      [table, start, end],
    );
  }
  await client.query('set local timescaledb.max_tuples_decompressed_per_dml_transaction = 0');
  await client.query(`delete from ${table} where batch_id = any ($1::bigint[])`, [batchIds]);
  await client.query(
    `update raw.batch_content set dropped_at = now(), dropped_by = $3, restored_at = null
      where resource = $1 and batch_id = any ($2::bigint[])`,
    [resource.table, batchIds, by],
  );
}

interface Chunk {
  /** As SQL. */
  readonly chunk: string;
  readonly start: string;
  readonly end: string;
}

/** The chunks in which batches may have responses; none of a table that is no hypertable. */
async function chunksOf(
  client: ClientBase,
  { table }: Resource,
  batchIds: readonly string[],
): Promise<readonly Chunk[]> {
  const { rows } = await client.query<Chunk>(
    `select format('%I.%I', chunk_schema, chunk_name) as chunk,
        range_start::text as start, range_end::text as end
      from timescaledb_information.chunks as chunk
      where hypertable_schema = $1 and hypertable_name = $2 and exists (
        select from raw.batch_content as content
        where content.resource = $2 and content.batch_id = any ($3::bigint[])
          and content.landed_at >= chunk.range_start and content.landed_at < chunk.range_end
      )
      order by range_start`,
    [RAW_SCHEMA, table, batchIds],
  );
  return rows;
}
