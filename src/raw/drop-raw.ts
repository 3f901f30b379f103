import type { ClientBase } from 'pg';
import { rawTable } from './raw-table.js';
import type { Resource } from './resource.js';

/** Drops the responses of batches of a resource, and notes by what: in the caller's transaction. */
export async function dropRaw(
  client: ClientBase,
  resource: Resource,
  batchIds: readonly string[],
  by: 'archive' | 'retention',
): Promise<void> {
  await client.query(`delete from ${rawTable(resource)} where batch_id = any ($1::bigint[])`, [
    batchIds,
  ]);
  await client.query(
    `update raw.batch_content set dropped_at = now(), dropped_by = $3, restored_at = null
      where resource = $1 and batch_id = any ($2::bigint[])`,
    [resource.table, batchIds, by],
  );
}
