import pg, { type ClientBase } from 'pg';
import { hasReadings, type Resource } from './resource.js';

/** The schema that holds what was landed. */
export const RAW_SCHEMA = 'raw';

/** Columns of every raw table that landing fills; `response_id` is of the sequence `raw.response_id`. */
const RESPONSE_COLUMNS = [
  'response_id',
  'batch_id',
  'resource_path',
  'part',
  'parts',
  'sha256',
  'size_bytes',
  'landed_at',
  'body',
] as const;

/** The column that tells whose the readings of a response are. */
export const OWNER_COLUMN = 'device_uuid';

/** More columns where documents hold readings. */
const READING_COLUMNS = [
  OWNER_COLUMN,
  'readings',
  'ordered',
  'clocks',
  'first_reading_at',
  'last_reading_at',
  'touched_hours',
  'profile',
] as const;

export type RawColumn = (typeof RESPONSE_COLUMNS)[number] | (typeof READING_COLUMNS)[number];

/** The columns that landing fills in the table of a resource: those of `sql/0002_raw_landing.sql`. */
export function columnsOf(resource: Resource): readonly RawColumn[] {
  return hasReadings(resource) ? [...RESPONSE_COLUMNS, ...READING_COLUMNS] : RESPONSE_COLUMNS;
}

/** The table of a resource, as SQL. */
export function rawTable({ table }: Resource): string {
  return `${RAW_SCHEMA}.${pg.escapeIdentifier(table)}`;
}

/**
 * SQL for the responses landed in a span: their response_id, batch_id, and, where they hold any,
 * their readings and whose these are; else 0 and null. `first` and `last` are SQL, such as
 * parameters: a `LandingSpan`.
 */
export function allResponses(resources: readonly Resource[], first: string, last: string): string {
  return unionOf(resources, first, last, (resource) => [
    'response_id',
    'batch_id',
    hasReadings(resource) ? 'readings' : '0::bigint as readings',
    hasReadings(resource) ? OWNER_COLUMN : `null::uuid as ${OWNER_COLUMN}`,
  ]);
}

/** SQL for those of them that hold readings: response_id, batch_id, readings and touched_hours. */
export function responsesWithReadings(
  resources: readonly Resource[],
  first: string,
  last: string,
): string {
  return unionOf(resources.filter(hasReadings), first, last, () => [
    'response_id',
    'batch_id',
    'readings',
    'touched_hours',
  ]);
}

const NO_RESPONSE = `select null::bigint as response_id, null::bigint as batch_id, 0::bigint as readings,
  null::uuid as ${OWNER_COLUMN}, '{}'::int4multirange as touched_hours where false`;

/**
 * Plain branches of one type each: PostgreSQL pushes conditions down into them, to their indexes.
 * Rows of a batch that is being landed are left out, also where its landing was killed.
 */
function unionOf(
  resources: readonly Resource[],
  first: string,
  last: string,
  columns: (resource: Resource) => readonly string[],
): string {
  const branches = resources.map(
    (resource) => `select ${columns(resource).join(', ')} from ${rawTable(resource)}
      where landed_at between ${first}::timestamptz and ${last}::timestamptz
        and batch_id in (select batch_id from ${RAW_SCHEMA}.batch where status = 'landed')`,
  );
  return `(${branches.length === 0 ? NO_RESPONSE : branches.join(' union all ')})`;
}

/**
 * Makes the day of landing in the tables of resources with readings: sessions that copy side by side
 * would wait for the end of the one that makes it.
 */
export async function makeDay(
  client: ClientBase,
  resources: readonly Resource[],
  landedAt: Date,
): Promise<void> {
  for (const resource of resources.filter(hasReadings)) {
    await client.query('select raw.make_day($1::regclass, $2)', [rawTable(resource), landedAt]);
  }
}
