import type { ClientBase } from 'pg';
import { rawTable } from './raw-table.js';
import type { Resource } from './resource.js';

/** Hours since 1970-01-01T00Z, from the first up to but without the last. */
export type HourRange = readonly [number, number];

/** A batch of which responses were landed that are not in the database any more. */
export interface MissingBatch {
  readonly batchId: string;
  /** The resource whose responses are missing, by its table. */
  readonly resource: string;
  /** How many responses are missing, of how many. */
  readonly documents: number;
  readonly landed: number;
  readonly landedAt: Date;
  /** Hours that the whole batch touches; undefined where that is not known. */
  readonly hours: readonly HourRange[] | undefined;
  /** When belt dropped them, and why; undefined where others deleted them. */
  readonly droppedAt: Date | undefined;
  readonly droppedBy: 'archive' | 'retention' | undefined;
  /** Archives that hold responses of it, as paths of folders. */
  readonly archives: readonly string[];
}

interface Window {
  readonly start: Date;
  readonly end: Date;
}

/**
 * What was landed of these resources and is gone, in the order of landing; with a window, only of
 * batches that touch it. Responses are counted by their index: it costs little beside a rebuild.
 */
export async function findMissingRaw(
  client: ClientBase,
  resources: readonly Resource[],
  window?: Window,
): Promise<MissingBatch[]> {
  const missing: MissingBatch[] = [];
  for (const resource of resources) {
    const { rows } = await client.query<{
      batch_id: string;
      documents: string;
      landed: number;
      landed_at: Date;
      hours: string | null;
      dropped_at: Date | null;
      dropped_by: 'archive' | 'retention' | null;
      archives: string[];
    }>(
      `with content as materialized (
          select * from raw.batch_content
          where resource = $1 and ($2::timestamptz is null or touched_hours is null
            or touched_hours && int4range(
              floor(extract(epoch from $2::timestamptz) / 3600)::integer,
              ceil(extract(epoch from $3::timestamptz) / 3600)::integer
            ))
        ),
        present as (
          select batch_id, count(*) as documents from ${rawTable(resource)}
          where batch_id in (select batch_id from content) group by batch_id
        )
        select content.batch_id, content.documents - coalesce(present.documents, 0) as documents,
          content.documents as landed, content.landed_at, content.touched_hours::text as hours,
          content.dropped_at, content.dropped_by, array(
            select distinct file.folder from raw.archived_batch as archived
            join raw.archive_file as file using (archive_file_id)
            where archived.batch_id = content.batch_id and file.resource = $1 order by 1
          ) as archives
        from content left join present using (batch_id)
        where content.documents > coalesce(present.documents, 0)
        order by content.batch_id`,
      [resource.table, window?.start ?? null, window?.end ?? null],
    );
    for (const row of rows) {
      missing.push({
        batchId: row.batch_id,
        resource: resource.table,
        documents: Number(row.documents),
        landed: row.landed,
        landedAt: row.landed_at,
        hours: row.hours === null ? undefined : readHours(row.hours),
        droppedAt: row.dropped_at ?? undefined,
        droppedBy: row.dropped_by ?? undefined,
        archives: row.archives,
      });
    }
  }
  return missing.sort((a, b) => a.landedAt.getTime() - b.landedAt.getTime());
}

/** Reads an int4multirange as PostgreSQL writes it. */
function readHours(text: string): HourRange[] {
  return [...text.matchAll(/\[(-?\d+),(-?\d+)\)/g)].map(
    ([, from, to]) => [Number(from), Number(to)] as const,
  );
}

/** All hours that missing batches touch, in order and without overlap; undefined for: any hour. */
export function hoursOf(missing: readonly MissingBatch[]): HourRange[] | undefined {
  const all: HourRange[] = [];
  for (const { hours } of missing) {
    if (hours === undefined) return undefined;
    all.push(...hours);
  }
  const merged: [number, number][] = [];
  for (const [from, to] of all.sort(([a], [b]) => a - b)) {
    const last = merged.at(-1);
    if (last !== undefined && from <= last[1]) last[1] = Math.max(last[1], to);
    else merged.push([from, to]);
  }
  return merged;
}
