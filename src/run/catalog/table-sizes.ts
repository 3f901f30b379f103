import type { ClientBase } from 'pg';

/** Tables of models that are no hypertables, and the indexes of chunks in the row store. */
export async function readTables(
  client: ClientBase,
): Promise<{ tableBytes: number; indexBytes: number; chunkIndexBytes: number }> {
  const { rows } = await client.query<{
    tableBytes: number;
    indexBytes: number;
    chunkIndexBytes: number;
  }>(
    `select coalesce(sum(pg_table_size(class.oid)), 0)::float8 as "tableBytes",
        coalesce(sum(pg_indexes_size(class.oid)), 0)::float8 as "indexBytes",
        (select coalesce(sum(pg_indexes_size(format('%I.%I', chunk_schema, chunk_name)::regclass)), 0)::float8
          from timescaledb_information.chunks
          where not is_compressed and hypertable_schema <> 'raw'
            and hypertable_schema not like '\\_timescaledb%') as "chunkIndexBytes"
      from belt.relation_state as state
      join pg_class as class on class.oid = to_regclass(state.relation) and class.relkind = 'r'
      where not exists (
        select from timescaledb_information.hypertables
        where format('%I.%I', hypertable_schema, hypertable_name)::regclass = class.oid
      )`,
  );
  return rows[0] ?? { tableBytes: 0, indexBytes: 0, chunkIndexBytes: 0 };
}
