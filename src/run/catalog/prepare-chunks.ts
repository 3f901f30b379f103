import type { ClientBase } from 'pg';
import { type Relation, renderRelation } from '../../project/relation.js';
import type { Resource } from '../../raw/resource.js';
import { chunkWidth, onlyTimeOf } from './chunks.js';

/**
 * Makes the chunks that readings of batches will need, as parts of the columnstore where they are to
 * be. A session that makes one, or writes the first compressed rows of one, keeps others from it until
 * its transaction ends, so that pieces would wait for each other.
 */
export async function prepareChunks(
  client: ClientBase,
  relation: Relation,
  resources: readonly Resource[],
  batches: readonly string[],
  compressed: boolean,
): Promise<void> {
  const column = await onlyTimeOf(client, relation);
  if (column === undefined) return;
  const width = await chunkWidth(client, relation);
  const { rows } = await client.query<{ slices: string }>(
    `with touched as (
        select unnest(range_agg(touched_hours)) as hours
        from raw.batch_content
        where batch_id = any ($1::bigint[]) and resource = any ($6) and not isempty(touched_hours)
      ),
      part as (
        select distinct step * $2::bigint * 1000 as from, (step + 1) * $2::bigint * 1000 as to
        from touched
        cross join lateral generate_series(
          lower(hours)::bigint * 3600000 / $2::bigint, (upper(hours)::bigint * 3600000 - 1) / $2::bigint
        ) as step
      )
      select jsonb_build_object($3::text, jsonb_build_array(part.from, part.to)) as slices
      from part
      where not exists (
        select from timescaledb_information.chunks as chunk
        where chunk.hypertable_schema = $4 and chunk.hypertable_name = $5
          and chunk.range_start < timestamptz 'epoch' + part.to * interval '1 microsecond'
          and chunk.range_end > timestamptz 'epoch' + part.from * interval '1 microsecond'
      )
      order by part.from`,
    [
      ...[batches, width, column, relation.schema, relation.identifier],
      resources.map(({ table }) => table),
    ],
  );
  // nothing is gained by compressing nothing, which TimescaleDB would tell of each
  await client.query(
    "select set_config(name, 'off', true) from pg_settings where name = 'timescaledb.enable_compression_ratio_warnings'",
  );
  for (const { slices } of rows) {
    const chunk = `(select format('%I.%I', schema_name, table_name)::regclass
      from _timescaledb_functions.create_chunk($1::regclass, $2::jsonb))`;
    await client.query(`select ${compressed ? `compress_chunk(${chunk})` : chunk}`, [
      renderRelation(relation),
      slices,
    ]);
  }
}
