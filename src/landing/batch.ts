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

/** Takes the number of a new batch. */
export async function beginBatch(client: ClientBase, source: string): Promise<Batch> {
  const { rows } = await client.query<{ batch_id: string }>(
    "select nextval(pg_get_serial_sequence('raw.batch', 'batch_id')) as batch_id",
  );
  return emptyBatch(rows[0]?.batch_id ?? '', source, new Date());
}

/** Notes that a batch was landed, in the transaction that writes its rows. */
export function recordLanded(client: ClientBase, batch: Batch): Promise<void> {
  return record(client, batch, 'landed', null);
}

/** Notes that a batch failed, and why: none of its rows is kept. */
export function recordFailed(client: ClientBase, batch: Batch, message: string): Promise<void> {
  return record(
    client,
    emptyBatch(batch.batchId, batch.source, batch.startedAt),
    'failed',
    message,
  );
}

function emptyBatch(batchId: string, source: string, startedAt: Date): Batch {
  return {
    batchId,
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

async function record(
  client: ClientBase,
  batch: Batch,
  status: 'landed' | 'failed',
  message: string | null,
): Promise<void> {
  await client.query(
    `insert into raw.batch (batch_id, source, started_at, ended_at, documents, readings, bytes,
        skipped, rejected, status, message)
      values ($1, $2, $3, clock_timestamp(), $4, $5, $6, $7, $8, $9, $10)`,
    [
      batch.batchId,
      batch.source,
      batch.startedAt,
      batch.documents,
      batch.readings,
      batch.bytes,
      batch.skipped,
      batch.rejected.length,
      status,
      message,
    ],
  );
}
