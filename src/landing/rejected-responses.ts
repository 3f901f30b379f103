import type { ClientBase } from 'pg';
import { BeltError } from '../errors.js';
import { allResponses } from '../raw/raw-table.js';
import { RESOURCES } from '../raw/resources.js';

/** A file in quarantine, without its bytes. */
export interface RejectedResponse {
  readonly id: string;
  readonly batchId: string;
  readonly path: string;
  readonly reason: string;
  readonly message: string;
  readonly rejectedAt: Date;
  readonly sizeBytes: number;
  /** Bytes that are kept: fewer than its size, where that is above the cap. */
  readonly keptBytes: number;
  /** Offset of the byte at which the check failed. */
  readonly position: number | null;
  readonly line: number | null;
  readonly column: number | null;
  /** Whether other bytes of its path were landed since, or may have been: their raw is gone. */
  readonly isSuperseded: boolean;
}

export interface RejectedFilter {
  /** Those with these ids; all without them. */
  readonly ids?: readonly string[];
  readonly reason?: string;
}

/** Files in quarantine, those of a path and time in the order in which they were put there. */
export async function readRejected(
  client: ClientBase,
  { ids, reason }: RejectedFilter,
): Promise<RejectedResponse[]> {
  const { rows } = await client.query<RejectedResponse>(
    `select rejected_id::text as id, rejected.batch_id::text as "batchId", resource_path as path,
        reason, message, rejected_at as "rejectedAt", size_bytes::float8 as "sizeBytes",
        octet_length(content) as "keptBytes", position::float8, line, column_number as "column",
        latest.response_id is not null and coalesce((
          select response.batch_id > rejected.batch_id
          from ${allResponses(RESOURCES, "'-infinity'", "'infinity'")} as response
          where response.response_id = latest.response_id
        ), true) as "isSuperseded"
      from raw.rejected_response as rejected
      left join raw.latest_response as latest on latest.path_hash = md5(resource_path)::uuid
      where ($1::bigint[] is null or rejected_id = any ($1)) and ($2::text is null or reason = $2)
      order by rejected_id`,
    [ids ?? null, reason ?? null],
  );
  const missing = ids?.find((id) => !rows.some((row) => row.id === id));
  if (missing !== undefined) {
    throw new BeltError(`There is no rejected response ${missing}.`, {
      hint: '`belt rejected list` tells those that there are.',
    });
  }
  return rows;
}

/** The bytes that are kept of a file in quarantine. */
export async function readRejectedContent(client: ClientBase, id: string): Promise<Buffer> {
  const { rows } = await client.query<{ content: Buffer }>(
    'select content from raw.rejected_response where rejected_id = $1',
    [id],
  );
  return rows[0]?.content ?? Buffer.alloc(0);
}

/** Takes files out of quarantine. */
export async function removeRejected(client: ClientBase, ids: readonly string[]): Promise<void> {
  await client.query('delete from raw.rejected_response where rejected_id = any ($1::bigint[])', [
    ids,
  ]);
}
