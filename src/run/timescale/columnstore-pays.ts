import type { ClientBase } from 'pg';
import type { Relation } from '../../project/relation.js';
import { columnstoreGain } from '../catalog/columnstore.js';

/** A chunk takes some hundred kB in the columnstore by its tables and indexes alone. */
const CHUNK_BYTES = 256 * 1024;

/** Rows of a segment from which they take less there: 30 of battery_daily take as much. */
const SEGMENT_ROWS = 40;

/**
 * Whether chunks of a hypertable or continuous aggregate take less in the columnstore: as those that
 * are in it show, or else by how much the largest of them holds. Where none is past, it is taken for
 * granted; so it is for those that a policy is about to move, which was judged before.
 */
export async function columnstorePays(
  client: ClientBase,
  relation: Relation,
  hasPolicy: boolean,
): Promise<boolean> {
  const countedFrom = hasPolicy ? Number.POSITIVE_INFINITY : CHUNK_BYTES;
  const { bytesBefore, bytesAfter, largest } = await columnstoreGain(client, relation, countedFrom);
  if (bytesBefore > 0) return bytesAfter < bytesBefore;
  if (bytesAfter > 0 || hasPolicy || largest === undefined) return true;
  return largest.bytes >= CHUNK_BYTES && largest.rowsOfSegment >= SEGMENT_ROWS;
}
