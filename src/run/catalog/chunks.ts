import type { ClientBase } from 'pg';
import { type Relation, renderRelation } from '../../project/relation.js';
import { aggregateOf } from './aggregates.js';

/** A chunk that was changed since it was compressed, and is so only in part. */
const PARTLY_COMPRESSED = 8;

/** A range of time, from the start up to but without the end, in milliseconds since 1970. */
export type Span = readonly [start: number, end: number];

/**
 * Cuts a window where the chunks of a hypertable are cut, those that are there, whatever their
 * widths, and those that would come; where it is no hypertable of time, by day (UTC).
 */
export async function chunkSpans(
  client: ClientBase,
  relation: Relation,
  window: { readonly start: Date; readonly end: Date },
): Promise<Span[]> {
  const { rows } = await client.query<{ start: string; end: string }>(
    `select extract(epoch from range_start) * 1000 as start, extract(epoch from range_end) * 1000 as "end"
      from timescaledb_information.chunks
      where hypertable_schema = $1 and hypertable_name = $2
        and range_start < $4 and range_end > $3
      order by range_start`,
    [relation.schema, relation.identifier, window.start, window.end],
  );
  const width = await chunkWidth(client, relation);
  const there = rows.map(({ start, end }) => [Number(start), Number(end)] as const);
  return cutSpan([window.start.getTime(), window.end.getTime()], there, width);
}

/** Cuts a range into those that are there, in order and maybe told twice, and steps of `width` between them. */
export function cutSpan([start, end]: Span, there: readonly Span[], width: number): Span[] {
  const spans: Span[] = [];
  let at = start;
  const stepTo = (limit: number) => {
    while (at < limit) {
      const next = Math.min((Math.floor(at / width) + 1) * width, limit);
      spans.push([at, next]);
      at = next;
    }
  };
  for (const [from, to] of there) {
    stepTo(Math.min(from, end));
    if (to <= at) continue;
    const next = Math.min(to, end);
    spans.push([at, next]);
    at = next;
  }
  stepTo(end);
  return spans;
}

/** The width of a hypertable's next chunks in milliseconds; a day for what is no hypertable of time. */
export async function chunkWidth(client: ClientBase, relation: Relation): Promise<number> {
  return (await timeWidth(client, relation)) ?? 86_400_000;
}

/** The same; undefined for what is no hypertable of time. */
export async function timeWidth(
  client: ClientBase,
  relation: Relation,
): Promise<number | undefined> {
  const { rows } = await client.query<{ milliseconds: string | null }>(
    `select extract(epoch from time_interval) * 1000 as milliseconds
      from timescaledb_information.dimensions
      where hypertable_schema = $1 and hypertable_name = $2 and dimension_number = 1`,
    [relation.schema, relation.identifier],
  );
  const width = rows[0]?.milliseconds;
  return width == null ? undefined : Number(width);
}

/** The column of time that a hypertable is cut by, where it is cut by nothing else. */
export async function onlyTimeOf(
  client: ClientBase,
  relation: Relation,
): Promise<string | undefined> {
  const { rows } = await client.query<{ column: string; isTime: boolean }>(
    `select column_name as column, time_interval is not null as "isTime"
      from timescaledb_information.dimensions
      where hypertable_schema = $1 and hypertable_name = $2`,
    [relation.schema, relation.identifier],
  );
  const [only, ...others] = rows;
  return others.length === 0 && only?.isTime ? only.column : undefined;
}

/** A chunk, by its name, its range in milliseconds, and whether all of it is in the columnstore. */
export interface CompressedSpan {
  readonly chunk: string;
  readonly start: number;
  readonly end: number;
  readonly isCompressed: boolean;
  /** When it was compressed; 0 where that is not known. */
  readonly rows: number;
}

/** The chunks of a hypertable of time, in order. */
export async function compressedSpans(
  client: ClientBase,
  relation: Relation,
): Promise<CompressedSpan[]> {
  const { rows } = await client.query<CompressedSpan>(
    `select format('%I.%I', chunk.chunk_schema, chunk.chunk_name) as chunk,
        (extract(epoch from chunk.range_start) * 1000)::float8 as start,
        (extract(epoch from chunk.range_end) * 1000)::float8 as "end",
        chunk.is_compressed and (known.status & $3) = 0 as "isCompressed",
        coalesce(size.numrows_pre_compression, 0)::float8 as rows
      from timescaledb_information.chunks as chunk
      join _timescaledb_catalog.chunk as known
        on known.schema_name = chunk.chunk_schema and known.table_name = chunk.chunk_name
      left join _timescaledb_catalog.compression_chunk_size as size on size.chunk_id = known.id
      where chunk.hypertable_schema = $1 and chunk.hypertable_name = $2
      order by chunk.range_start, chunk.chunk_name`,
    [relation.schema, relation.identifier, PARTLY_COMPRESSED],
  );
  return rows;
}

/** A chunk in the columnstore: how much it holds, and of how many segments. */
export interface CompressedChunk {
  readonly start: number;
  readonly end: number;
  readonly rows: number;
  readonly segments: number;
}

/**
 * Of the chunks of a hypertable that are compressed, that with the most rows of the newest three: the
 * newest of all may be filled in part only. Segments are told apart by `segmentBy`, quoted columns.
 */
export async function newestCompressed(
  client: ClientBase,
  relation: Relation,
  segmentBy: readonly string[],
): Promise<CompressedChunk | undefined> {
  const { rows } = await client.query<{ start: number; end: number; compressed: string }>(
    `select (extract(epoch from chunk.range_start) * 1000)::float8 as start,
        (extract(epoch from chunk.range_end) * 1000)::float8 as "end",
        format('%I.%I', compressed.schema_name, compressed.table_name) as compressed
      from timescaledb_information.chunks as chunk
      join _timescaledb_catalog.chunk as known
        on known.schema_name = chunk.chunk_schema and known.table_name = chunk.chunk_name
      join _timescaledb_catalog.chunk as compressed on compressed.id = known.compressed_chunk_id
      where chunk.hypertable_schema = $1 and chunk.hypertable_name = $2 and chunk.is_compressed
      order by chunk.range_start desc limit 3`,
    [relation.schema, relation.identifier],
  );
  let fullest: CompressedChunk | undefined;
  for (const { start, end, compressed } of rows) {
    const counted = await client.query<{ rows: number; segments: number }>(
      `select coalesce(sum(_ts_meta_count), 0)::float8 as rows,
          ${segmentBy.length === 0 ? '1' : `count(distinct (${segmentBy.join(', ')}))`}::float8 as segments
        from ${compressed}`,
    );
    const { rows: count = 0, segments = 1 } = counted.rows[0] ?? {};
    if (count > (fullest?.rows ?? 0)) fullest = { start, end, rows: count, segments };
  }
  return fullest;
}

/** Names of the chunks in a window that were compressed, and hold rows now that are not. */
export async function partlyCompressedChunks(
  client: ClientBase,
  relation: Relation,
  window: { readonly start: Date; readonly end: Date },
): Promise<string[]> {
  const { rows } = await client.query<{ chunk: string }>(
    `select format('%I.%I', chunk.chunk_schema, chunk.chunk_name) as chunk
      from timescaledb_information.chunks as chunk
      join _timescaledb_catalog.chunk as status
        on status.schema_name = chunk.chunk_schema and status.table_name = chunk.chunk_name
      where chunk.hypertable_schema = $1 and chunk.hypertable_name = $2 and chunk.is_compressed
        and (status.status & $5) = $5
        and chunk.range_start < $4 and chunk.range_end > $3
      order by chunk.range_start`,
    [relation.schema, relation.identifier, window.start, window.end, PARTLY_COMPRESSED],
  );
  return rows.map(({ chunk }) => chunk);
}

/** The bytes of a relation of any kind with its indexes and chunks; 0 where there is none. */
export async function sizeOf(client: ClientBase, relation: Relation): Promise<number> {
  const stored = (await aggregateOf(client, relation))?.stored ?? renderRelation(relation);
  const { rows } = await client.query<{ size: string | null }>(
    `select coalesce(hypertable_size(relation), pg_total_relation_size(relation)) as size
      from to_regclass($1) as relation`,
    [stored],
  );
  return Number(rows[0]?.size ?? 0);
}

/** How much of a hypertable or continuous aggregate is compressed. */
export interface ChunkSizes {
  readonly name: string;
  readonly kind: 'hypertable' | 'continuous aggregate';
  readonly chunks: number;
  readonly compressedChunks: number;
  /** Of the chunks that are not compressed, with indexes. */
  readonly rowStoreBytes: number;
  /** Of the compressed chunks. */
  readonly compressedBytes: number;
  /** What the compressed chunks held before, of those that were not written compressed. */
  readonly beforeCompressionBytes: number;
}

/** The chunks of all hypertables but those of raw, and of continuous aggregates: hypertables first, by name. */
export async function chunkSizes(client: ClientBase): Promise<ChunkSizes[]> {
  const { rows } = await client.query<ChunkSizes>(
    `with relation as (
        select hypertable_name as name, 'hypertable' as kind,
          format('%I.%I', hypertable_schema, hypertable_name)::regclass as hypertable
        from timescaledb_information.hypertables
        where hypertable_schema <> 'raw' and hypertable_schema not like '\\_timescaledb%'
        union all
        select view_name, 'continuous aggregate',
          format('%I.%I', materialization_hypertable_schema, materialization_hypertable_name)::regclass
        from timescaledb_information.continuous_aggregates
      )
      select relation.name, relation.kind,
        (select count(*)::int from show_chunks(relation.hypertable)) as chunks,
        columnstore.chunks::int as "compressedChunks",
        (coalesce(size.total_bytes, 0) - columnstore.bytes)::float8 as "rowStoreBytes",
        columnstore.bytes::float8 as "compressedBytes",
        coalesce(compression.before_compression_total_bytes, 0)::float8 as "beforeCompressionBytes"
      from relation
      left join lateral hypertable_detailed_size(relation.hypertable) as size on true
      left join lateral hypertable_compression_stats(relation.hypertable) as compression on true
      -- what the statistics tell is of the time of a compression, and not of what was written compressed
      cross join lateral (
        select count(*) as chunks, coalesce(sum(pg_total_relation_size(
          format('%I.%I', compressed.schema_name, compressed.table_name)::regclass
        )), 0) as bytes
        from _timescaledb_catalog.hypertable as own
        join _timescaledb_catalog.chunk as chunk on chunk.hypertable_id = own.id
        join _timescaledb_catalog.chunk as compressed on compressed.id = chunk.compressed_chunk_id
        where format('%I.%I', own.schema_name, own.table_name)::regclass = relation.hypertable and not chunk.dropped
      ) as columnstore
      order by relation.kind desc, relation.name`,
  );
  return rows;
}
