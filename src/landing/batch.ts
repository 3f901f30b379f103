import type { ClientBase } from 'pg';
import type { RejectedSummary } from './rejected.js';

/** A batch that is being landed, and what of it is in the database so far. */
export interface Batch {
  readonly batchId: string;
  readonly source: string;
  readonly startedAt: Date;
  /** Rows: responses, or parts of large ones. */
  documents: number;
  readings: number;
  /** Size of the documents. */
  bytes: number;
  /** Files whose bytes are those that were landed last for their path. */
  skipped: number;
  readonly rejected: RejectedSummary[];
  readonly passedOver: PassedOver;
}

/** Files in the folders of responses that have the path of none. */
export interface PassedOver {
  files: number;
  /** The path of the first one. */
  example: string | undefined;
}

/** Notes that a batch is under way: none of its rows counts yet. */
export async function beginBatch(client: ClientBase, source: string): Promise<Batch> {
  const startedAt = new Date();
  const { rows } = await client.query<{ batch_id: string }>(
    `insert into raw.batch (source, started_at, status) values ($1, $2, 'landing')
      returning batch_id`,
    [source, startedAt],
  );
  return {
    batchId: rows[0]?.batch_id ?? '',
    source,
    startedAt,
    documents: 0,
    readings: 0,
    bytes: 0,
    skipped: 0,
    rejected: [],
    passedOver: { files: 0, example: undefined },
  };
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
