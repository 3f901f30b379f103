import type { ClientBase } from 'pg';
import { type Relation, renderRelation } from '../../project/relation.js';
import { aggregateOf } from './aggregates.js';

/** What the columnstore makes, or would make, of the chunks of a hypertable or continuous aggregate. */
export interface ColumnstoreGain {
  /** Of the chunks that are in it: their bytes before, and in it. */
  readonly bytesBefore: number;
  readonly bytesAfter: number;
  /** The largest chunk in the row store of those whose time is past, where the others have gained nothing: its bytes, and its rows a segment. */
  readonly largest: { readonly bytes: number; readonly rowsOfSegment: number } | undefined;
}

/** Rows that tell enough of a chunk. */
const MOST_ROWS = 2_000_000;

/** Reads it; rows are counted only of a chunk that is larger than `countedFrom` bytes. */
export async function columnstoreGain(
  client: ClientBase,
  relation: Relation,
  countedFrom: number,
): Promise<ColumnstoreGain> {
  const stored = (await aggregateOf(client, relation))?.stored ?? renderRelation(relation);
  const { rows } = await client.query<{
    before: number;
    after: number;
    chunk: string | null;
    bytes: number;
    segmentby: string | null;
  }>(
    `select coalesce(stats.before, 0)::float8 as before, coalesce(stats.after, 0)::float8 as after,
        largest.chunk, largest.bytes::float8 as bytes, settings.segmentby
      from (
        select sum(before_compression_total_bytes) as before, sum(after_compression_total_bytes) as after
        from hypertable_compression_stats($1::regclass)
      ) as stats
      left join lateral (
        select chunk, pg_total_relation_size(chunk) as bytes from (
          select format('%I.%I', chunk_schema, chunk_name)::regclass as chunk
          from timescaledb_information.chunks
          where format('%I.%I', hypertable_schema, hypertable_name)::regclass = $1::regclass
            and not is_compressed and range_end <= now()
        ) as past order by bytes desc limit 1
      ) as largest on true
      left join timescaledb_information.hypertable_columnstore_settings as settings
        on settings.hypertable = $1::regclass`,
    [stored],
  );
  const [row] = rows;
  const gain = { bytesBefore: row?.before ?? 0, bytesAfter: row?.after ?? 0 };
  if (gain.bytesBefore === 0 || gain.bytesAfter < gain.bytesBefore)
    return { ...gain, largest: undefined };
  if (row === undefined || row.chunk === null) return { ...gain, largest: undefined };
  const { chunk, bytes, segmentby } = row;
  if (bytes < countedFrom) return { ...gain, largest: { bytes, rowsOfSegment: 0 } };
  const counted = await client.query<{ rows: number | null }>(
    segmentby
      ? `select (sum(rows) / count(*))::float8 as rows from (
          select count(*) as rows from (select ${segmentby} from ${chunk} limit ${MOST_ROWS}) as part
          group by ${segmentby}
        ) as segment`
      : `select count(*)::float8 as rows from ${chunk}`,
  );
  return { ...gain, largest: { bytes, rowsOfSegment: counted.rows[0]?.rows ?? 0 } };
}
