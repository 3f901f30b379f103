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
 * with a relation has not processed is left out.
 */
export async function findOldRaw(
  client: ClientBase,
  resources: readonly Resource[],
  before: Date,
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
      `with old as materialized (
          select * from raw.old_batches($1, $2, false)
        ),
        present as (
          select batch_id, count(*) as documents from ${rawTable(resource)}
          where landed_at <= (select max(landed_at) from old)
            and batch_id in (select batch_id from old)
          group by batch_id
        )
        select old.batch_id, present.documents, old.processed, old.node,
          to_char(old.landed_at at time zone 'UTC', 'YYYY-MM-DD') as landed_on
        from old join present using (batch_id)
        order by old.landed_at, old.batch_id`,
      [resource.table, before],
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
