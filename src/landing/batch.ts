import type { ClientBase } from 'pg';
import { rawTable } from '../raw/raw-table.js';
import { hasReadings } from '../raw/resource.js';
import type { RejectedSummary } from './rejected.js';
import type { ResourcePath } from './resource-path.js';

/** A batch that is being landed, and what of it is in the database so far. */
export interface Batch {
  /** Undefined until there is something to land: a batch that holds nothing has no row. */
  batchId: string | undefined;
  readonly source: string;
  readonly startedAt: Date;
  /** Rows: responses, or parts of large ones. */
  documents: number;
  readings: number;
  /** Size of the documents. */
  bytes: number;
  /** Files whose bytes are those that were landed last for their path. */
  skipped: number;
  /** Files that fail their check and were written a moment ago: the next landing looks again. */
  unsettled: number;
  readonly rejected: RejectedSummary[];
  readonly passedOver: PassedOver;
  /** Files that were put aside when a part of them was in the database already. */
  readonly withdrawn: ResourcePath[];
}

/** Files in the folders of responses that have the path of none. */
export interface PassedOver {
  files: number;
  /** The path of the first one. */
  example: string | undefined;
}

/** A batch of which nothing is in the database yet. */
export function newBatch(source: string): Batch {
  return {
    batchId: undefined,
    source,
    startedAt: new Date(),
    documents: 0,
    readings: 0,
    bytes: 0,
    skipped: 0,
    unsettled: 0,
    rejected: [],
    passedOver: { files: 0, example: undefined },
    withdrawn: [],
  };
}

/** Removes the parts of files that were put aside after all, once all sessions have committed theirs. */
export async function removeWithdrawn(client: ClientBase, batch: Batch): Promise<void> {
  for (const { resource, path } of batch.withdrawn) {
    const { rows } = await client.query<{ documents: number; readings: string; bytes: string }>(
      `with removed as (
          delete from ${rawTable(resource)}
          where batch_id = $1 and resource_path = $2 and landed_at = $3
          returning size_bytes, ${hasReadings(resource) ? 'readings' : '0'} as readings
        )
        select count(*)::integer as documents, coalesce(sum(readings), 0) as readings,
          coalesce(sum(size_bytes), 0) as bytes
        from removed`,
      [batch.batchId, path, batch.startedAt],
    );
    batch.documents -= rows[0]?.documents ?? 0;
    batch.readings -= Number(rows[0]?.readings ?? 0);
    batch.bytes -= Number(rows[0]?.bytes ?? 0);
  }
}

/** Notes that a batch is under way: none of its rows counts yet. Gives its id. */
export async function beginBatch(client: ClientBase, batch: Batch): Promise<string> {
  const { rows } = await client.query<{ batch_id: string }>(
    `insert into raw.batch (source, started_at, status) values ($1, $2, 'landing')
      returning batch_id`,
    [batch.source, batch.startedAt],
  );
  const batchId = rows[0]?.batch_id ?? '';
  batch.batchId = batchId;
  return batchId;
}

/** Notes that a batch was landed, in the transaction that is the last to commit of those that write its rows. */
export async function recordLanded(client: ClientBase, batch: Batch): Promise<void> {
  await client.query(
    `update raw.batch set ended_at = clock_timestamp(), documents = $2, readings = $3, bytes = $4,
        skipped = $5, rejected = $6, status = 'landed'
      where batch_id = $1`,
    [
      batch.batchId,
      batch.documents,
      batch.readings,
      batch.bytes,
      batch.skipped,
      batch.rejected.length,
    ],
  );
}
