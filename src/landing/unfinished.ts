import type { ClientBase } from 'pg';
import { inTransaction } from '../database/transaction.js';
import { rawTable } from '../raw/raw-table.js';
import type { Resource } from '../raw/resource.js';
import { awaitCopying } from './copy-sessions.js';

/**
 * Removes what is in the database of batches that never came to be landed, and notes why they failed.
 * For who keeps other landings out.
 */
export async function discardUnfinished(
  client: ClientBase,
  resources: readonly Resource[],
  message: string,
): Promise<void> {
  const { rows } = await client.query<{ batch_id: string; landed_at: string }>(
    "select batch_id, started_at::text as landed_at from raw.batch where status = 'landing'",
  );
  if (rows.length === 0) return;
  const batches = rows.map((row) => row.batch_id);
  const times = rows.map((row) => row.landed_at);
  await awaitCopying(client);
  await inTransaction(client, async () => {
    for (const resource of resources) {
      await client.query(
        `delete from ${rawTable(resource)}
          where batch_id = any ($1::bigint[]) and landed_at = any ($2::timestamptz[])`,
        [batches, times],
      );
    }
    await client.query(
      `update raw.batch set ended_at = clock_timestamp(), status = 'failed', message = $2
        where batch_id = any ($1::bigint[])`,
      [batches, message],
    );
  });
}
