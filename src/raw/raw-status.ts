import type { ClientBase } from 'pg';
import { type LifeCycleJob, readLifeCycleJob } from './life-cycle.js';
import { findMissingRaw } from './missing-raw.js';
import { RAW_SCHEMA } from './raw-table.js';
import type { Resource } from './resource.js';

/** How raw stands: what there is, in which shape, and what becomes of it. */
export interface RawStatus {
  /** As the last transform has set it; undefined before the first one. */
  readonly columnstoreAfter: string | null | undefined;
  readonly retention: string | null | undefined;
  readonly resources: readonly ResourceStatus[];
}

interface ResourceStatus {
  readonly resource: string;
  /** What is in the database of landed batches. */
  readonly batches: number;
  readonly documents: number;
  readonly readings: number;
  /** Size of the documents as they were sent. */
  readonly bytes: number;
  readonly oldestLandedAt: Date | null;
  readonly newestLandedAt: Date | null;
  /** On the disk, with indexes. */
  readonly storedBytes: number;
  /** Of these, in the columnstore, and the readings that are there. */
  readonly columnstoreBytes: number;
  readonly columnstoreReadings: number;
  readonly archives: readonly ArchiveStatus[];
  /** Documents that were landed and are gone, and how many of them no archive holds. */
  readonly missingDocuments: number;
  readonly missingUnarchived: number;
  readonly nextDrop: NextDrop | undefined;
}

interface ArchiveStatus {
  readonly folder: string;
  readonly documents: number;
  readonly readings: number;
  readonly storedBytes: number;
}

/** The first day of landing that retention drops. */
interface NextDrop {
  /** As 2026-11-24. */
  readonly landedOn: string;
  readonly dropsAt: Date;
  readonly documents: number;
  /** Those of them that an archive holds. */
  readonly archivedDocuments: number;
}

/** Reads how the raw of these resources stands. */
export async function readRawStatus(
  client: ClientBase,
  resources: readonly Resource[],
): Promise<RawStatus> {
  const job = await readLifeCycleJob(client);
  const told: ResourceStatus[] = [];
  for (const resource of resources) {
    const missing = await findMissingRaw(client, [resource]);
    told.push({
      resource: resource.table,
      ...(await readPresent(client, resource)),
      ...(await readSizes(client, resource)),
      archives: await readArchives(client, resource),
      missingDocuments: missing.reduce((sum, { documents }) => sum + documents, 0),
      missingUnarchived: missing
        .filter(({ archives }) => archives.length === 0)
        .reduce((sum, { documents }) => sum + documents, 0),
      nextDrop: job && (await readNextDrop(client, resource, job)),
    });
  }
  return {
    columnstoreAfter: job?.config.columnstore_after,
    retention: job?.config.retention,
    resources: told,
  };
}

type Present = Pick<
  ResourceStatus,
  'batches' | 'documents' | 'readings' | 'bytes' | 'oldestLandedAt' | 'newestLandedAt'
>;

async function readPresent(client: ClientBase, { table }: Resource): Promise<Present> {
  return onlyRow<Present>(
    client,
    `select count(*)::int as batches, coalesce(sum(documents), 0)::float8 as documents,
        coalesce(sum(readings), 0)::float8 as readings, coalesce(sum(bytes), 0)::float8 as bytes,
        min(landed_at) as "oldestLandedAt", max(landed_at) as "newestLandedAt"
      from raw.batch_content where resource = $1 and dropped_at is null`,
    [table],
  );
}

type Sizes = Pick<ResourceStatus, 'storedBytes' | 'columnstoreBytes' | 'columnstoreReadings'>;

async function readSizes(client: ClientBase, { table }: Resource): Promise<Sizes> {
  return onlyRow<Sizes>(
    client,
    `with relation as (select format('%I.%I', $1::text, $2::text)::regclass as relation)
      select
        coalesce(hypertable_size(relation), pg_total_relation_size(relation))::float8 as "storedBytes",
        (select coalesce(sum(after_compression_total_bytes), 0)::float8
          from hypertable_compression_stats(relation)) as "columnstoreBytes",
        (select coalesce(sum(content.readings), 0)::float8
          from raw.landing_day as day
          join raw.batch_content as content
            on content.landed_at >= day.first_at and content.landed_at < day.end_at
          where day.resource = $2 and day.in_columnstore
            and content.resource = $2 and content.dropped_at is null) as "columnstoreReadings"
      from relation`,
    [RAW_SCHEMA, table],
  );
}

async function readArchives(client: ClientBase, { table }: Resource): Promise<ArchiveStatus[]> {
  const { rows } = await client.query<ArchiveStatus>(
    `select folder, sum(documents)::float8 as documents, sum(readings)::float8 as readings,
        sum(stored_bytes)::float8 as "storedBytes"
      from raw.archive_file where resource = $1 group by folder order by folder`,
    [table],
  );
  return rows;
}

async function readNextDrop(
  client: ClientBase,
  { table }: Resource,
  { config }: LifeCycleJob,
): Promise<NextDrop | undefined> {
  if (config.retention === null) return undefined;
  const { rows } = await client.query<NextDrop>(
    `with kept as (
        select content.*, date_trunc('day', greatest(landed_at, restored_at), 'UTC') as kept_from,
          coalesce((
            select max(archived.documents) from raw.archived_batch as archived
            join raw.archive_file as file using (archive_file_id)
            where archived.batch_id = content.batch_id and file.resource = content.resource
          ), 0) as archived
        from raw.batch_content as content where resource = $1 and dropped_at is null
      )
      select to_char(min(landed_at) at time zone 'UTC', 'YYYY-MM-DD') as "landedOn",
        greatest(
          kept_from + interval '1 day' + $2::interval, $3::timestamptz, now()
        ) as "dropsAt",
        sum(documents)::float8 as documents, sum(archived)::float8 as "archivedDocuments"
      from kept group by kept_from order by kept_from limit 1`,
    [table, config.retention, config.retention_from],
  );
  return rows[0];
}

async function onlyRow<T extends object>(
  client: ClientBase,
  sql: string,
  values: readonly unknown[],
): Promise<T> {
  const { rows } = await client.query<T>(sql, [...values]);
  const [row] = rows;
  if (row === undefined) throw new Error('An aggregate gave no row.');
  return row;
}
