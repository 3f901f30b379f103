import pg, { type ClientBase } from 'pg';
import type { LandingSpan } from './landing-span.js';
import { rawTable } from './raw-table.js';
import { hasReadings, type Resource } from './resource.js';

/**
 * Notes what a batch brought of each resource, and what is now the latest response of each path, in
 * the transaction that makes the batch visible: both stay known when the responses are gone.
 */
export async function recordContents(
  client: ClientBase,
  batchId: string,
  landedAt: Date,
  resources: readonly Resource[],
): Promise<void> {
  const time = landedAt.toISOString();
  for (const resource of resources) {
    const [readings, hours] = hasReadings(resource)
      ? ['sum(readings)', 'range_agg(touched_hours)']
      : ['0', "'{}'"];
    await client.query(
      `insert into raw.batch_content
          (batch_id, resource, documents, readings, bytes, touched_hours, landed_at)
        select batch_id, ${pg.escapeLiteral(resource.table)}, count(*), ${readings},
          sum(size_bytes), ${hours}, min(landed_at)
        from ${rawTable(resource)} where batch_id = $1 and landed_at = $2 group by batch_id`,
      [batchId, time],
    );
    await recordLatest(client, resource, [batchId], { first: time, last: time });
  }
}

/** Notes the latest response of each path of these batches, where none was landed later. */
export async function recordLatest(
  client: ClientBase,
  resource: Resource,
  batchIds: readonly string[],
  { first, last }: LandingSpan,
): Promise<void> {
  await client.query(
    `insert into raw.latest_response as known (path_hash, response_id, sha256)
      select distinct on (resource_path) md5(resource_path)::uuid, response_id, sha256
      from ${rawTable(resource)}
      where batch_id = any ($1::bigint[]) and landed_at between $2 and $3
      order by resource_path, response_id desc
      on conflict (path_hash) do update
      set response_id = excluded.response_id, sha256 = excluded.sha256
      where excluded.response_id > known.response_id`,
    [batchIds, first, last],
  );
}
