import type { ClientBase } from 'pg';
import type { Relation } from '../../project/relation.js';
import { columnstoreGain } from '../catalog/columnstore.js';

/** A chunk takes some hundred kB in the columnstore by its tables and indexes alone. */
const CHUNK_BYTES = 256 * 1024;

/** Rows of a segment from which they take less there: 30 of battery_daily take as much. */
const SEGMENT_ROWS = 40;

/**
 * Whether chunks of a hypertable or continuous aggregate take less in the columnstore: as long as
 * those that are in it do, or where the largest that is not holds enough to do so.
 */
export async function columnstorePays(client: ClientBase, relation: Relation): Promise<boolean> {
  const { bytesBefore, bytesAfter, largest } = await columnstoreGain(client, relation, CHUNK_BYTES);
  if (bytesBefore === 0 || bytesAfter < bytesBefore) return true;
  return (
    largest !== undefined && largest.bytes >= CHUNK_BYTES && largest.rowsOfSegment >= SEGMENT_ROWS
  );
}
