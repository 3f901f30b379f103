import type { ClientBase } from 'pg';
import { rawTable } from './raw-table.js';
import type { Resource } from './resource.js';

/** Batches of one resource that were landed on one day (UTC), of which responses are there. */
export interface RawDay {
  readonly resource: Resource;
  /** As 2026-11-24. */
  readonly landedOn: string;
  readonly batches: readonly PresentBatch[];
}

interface PresentBatch {
  readonly batchId: string;
  /** Responses of it that are there. */
  readonly documents: number;
}

/** Old raw by day, and what of it is not to be dropped since a model has still to process it. */
export interface OldRaw {
  readonly days: readonly RawDay[];
  readonly unprocessed: readonly UnprocessedBatch[];
}

export interface UnprocessedBatch {
  readonly batchId: string;
  /** A model that has not processed it; undefined where none has processed any. */
  readonly node: string | undefined;
}

/**
 * Raw of whole days (UTC) of landing before a time, in the order of landing. A batch that a model
 * with a relation has not processed is left out. `countsRestored` takes what was brought back from
 * an archive for as young as that.
 */
export async function findOldRaw(
  client: ClientBase,
  resources: readonly Resource[],
  before: Date,
  countsRestored: boolean,
): Promise<OldRaw> {
  const days = new Map<string, { resource: Resource; landedOn: string; batches: PresentBatch[] }>();
  const unprocessed = new Map<string, UnprocessedBatch>();
  for (const resource of resources) {
    const { rows } = await client.query<{
      batch_id: string;
      documents: string;
      landed_on: string;
      processed: boolean;
      node: string | null;
    }>(
      `with content as materialized (
          select content.batch_id, content.landed_at
          from raw.batch_content as content
          join raw.batch as batch on batch.batch_id = content.batch_id and batch.status = 'landed'
          where content.resource = $1
            and (content.landed_at at time zone 'UTC')::date < ($2::timestamptz at time zone 'UTC')::date
            and (not $3 or content.restored_at is null
              or (content.restored_at at time zone 'UTC')::date < ($2::timestamptz at time zone 'UTC')::date)
        ),
        present as (
          select batch_id, count(*) as documents from ${rawTable(resource)}
          where batch_id in (select batch_id from content) group by batch_id
        ),
        reader as materialized (
          select node from belt.relation_state as state
          where to_regclass(relation) is not null
            and exists (select from belt.model_batch as done where done.node = state.node)
        )
        select content.batch_id, present.documents,
          to_char(content.landed_at at time zone 'UTC', 'YYYY-MM-DD') as landed_on,
          exists (select from reader) as processed,
          (
            select node from reader where not exists (
              select from belt.model_batch as done
              where done.node = reader.node and done.batch_id = content.batch_id
            ) order by node limit 1
          ) as node
        from content join present using (batch_id)
        order by content.landed_at, content.batch_id`,
      [resource.table, before, countsRestored],
    );
    for (const row of rows) {
      if (!row.processed || row.node !== null) {
        unprocessed.set(row.batch_id, { batchId: row.batch_id, node: row.node ?? undefined });
        continue;
      }
      const key = `${row.landed_on} ${resource.table}`;
      const day = days.get(key) ?? { resource, landedOn: row.landed_on, batches: [] };
      day.batches.push({ batchId: row.batch_id, documents: Number(row.documents) });
      days.set(key, day);
    }
  }
  return {
    days: [...days.values()].sort((a, b) => (a.landedOn < b.landedOn ? -1 : 1)),
    unprocessed: [...unprocessed.values()],
  };
}
