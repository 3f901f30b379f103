import { createHash } from 'node:crypto';
import type { ClientBase } from 'pg';
import type { FaultReason } from './scan/scan-fault.js';

/** Why a file is put into quarantine: stable codes. */
type RejectReason = FaultReason | 'unknown_device' | 'unreadable' | 'refused_by_database';

/** A file that failed its check. */
export interface RejectedFile {
  readonly path: string;
  readonly sha256: Buffer;
  readonly sizeBytes: number;
  /** Its first bytes at least: what is over the cap is not kept. */
  readonly content: Buffer;
  readonly reason: RejectReason;
  readonly message: string;
  readonly position: number | undefined;
  readonly line: number | undefined;
  readonly column: number | undefined;
}

/** What is told of a rejected file; its content is in the database. */
export type RejectedSummary = Omit<RejectedFile, 'content'>;

/** Bytes of a rejected file that are kept. */
export const REJECTED_CAP = 1024 * 1024;

/** A file or, with a slash at the end of its path, a folder that cannot be read: nothing of it is kept. */
export function unreadable(path: string, error: unknown, sizeBytes = 0): RejectedFile {
  const { message } = error as Error;
  return {
    path,
    sha256: createHash('sha256').digest(),
    sizeBytes,
    content: Buffer.alloc(0),
    reason: 'unreadable',
    message: `the ${path.endsWith('/') ? 'folder' : 'file'} cannot be read: ${message}`,
    ...NOWHERE,
  };
}

/** A document, or a part of one, that passed its check and that the database does not take. */
export function refusedByDatabase(
  document: Pick<RejectedFile, 'path' | 'sha256' | 'sizeBytes'> & {
    readonly body: readonly Buffer[];
  },
  message: string,
): RejectedFile {
  const { path, sha256, sizeBytes, body } = document;
  return {
    path,
    sha256,
    sizeBytes,
    content: Buffer.concat(body),
    reason: 'refused_by_database',
    message: `the database refuses it: ${message}`,
    ...NOWHERE,
  };
}

const NOWHERE = { position: undefined, line: undefined, column: undefined };

/** Puts a file into quarantine, if its content is not there already. */
export async function recordRejected(
  client: ClientBase,
  batchId: string,
  rejectedAt: Date,
  file: RejectedFile,
): Promise<void> {
  await client.query(
    `insert into raw.rejected_response (batch_id, resource_path, sha256, size_bytes, content,
        reason, message, position, line, column_number, rejected_at)
      values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
      on conflict (resource_path, sha256) do nothing`,
    [
      batchId,
      file.path,
      file.sha256,
      file.sizeBytes,
      file.content.subarray(0, REJECTED_CAP),
      file.reason,
      file.message,
      file.position ?? null,
      file.line ?? null,
      file.column ?? null,
      rejectedAt,
    ],
  );
}
