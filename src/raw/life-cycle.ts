import { isDeepStrictEqual } from 'node:util';
import type { ClientBase } from 'pg';
import { BeltError } from '../errors.js';
import { countText } from '../format.js';
import type { Resource } from './resource.js';

/** What becomes of raw as it gets older: ages since landing, as intervals; undefined is never. */
export interface LifeCycle {
  readonly columnstoreAfter: string | undefined;
  readonly retention: string | undefined;
}

const COLUMNSTORE_AFTER = '7 days';
const RETENTION = '90 days';

/** Reads the vars `raw_columnstore_after` and `raw_retention` of a project. Throws a BeltError. */
export function lifeCycleOf(vars: Readonly<Record<string, unknown>>): LifeCycle {
  return {
    columnstoreAfter: ageOf(vars, 'raw_columnstore_after', COLUMNSTORE_AFTER),
    retention: ageOf(vars, 'raw_retention', RETENTION),
  };
}

function ageOf(
  vars: Readonly<Record<string, unknown>>,
  name: string,
  fallback: string,
): string | undefined {
  const value = vars[name] ?? fallback;
  if (value === 'never') return undefined;
  if (typeof value === 'string' && /^[1-9]\d{0,4} (day|week|month|year)s?$/.test(value)) {
    return value;
  }
  throw new BeltError(`The var ${name} is ${JSON.stringify(value)}, which is no age.`, {
    location: { file: 'dbt_project.yml' },
    hint: `Write it as '${fallback}', '12 weeks', '6 months', '1 year' or 'never'.`,
  });
}

/** The job's config, as `raw.run_life_cycle` reads it. */
interface JobConfig {
  readonly resources: readonly string[];
  readonly columnstore_after: string | null;
  readonly retention: string | null;
  /** Nothing is dropped before: a retention that is new, or shorter, is told a day ahead. */
  readonly retention_from: string | null;
}

export interface LifeCycleJob {
  readonly jobId: number;
  readonly config: JobConfig;
}

/** The job that moves and drops old raw; undefined before the first transform. */
export async function readLifeCycleJob(client: ClientBase): Promise<LifeCycleJob | undefined> {
  const { rows } = await client.query<LifeCycleJob>(
    'select job_id as "jobId", config from raw.life_cycle order by job_id limit 1',
  );
  return rows[0];
}

/**
 * Has the database keep raw as told: by a job that its workers run, or, where it has none, belt.
 * Gives what people are to know: what a retention drops that is another one than before.
 */
export async function applyLifeCycle(
  client: ClientBase,
  { columnstoreAfter, retention }: LifeCycle,
  resources: readonly Resource[],
): Promise<string | undefined> {
  const job = await readLifeCycleJob(client);
  const isOther = retention !== undefined && job?.config.retention !== retention;
  const { rows } = await client.query<{ tomorrow: string }>(
    `select to_char(now() + interval '1 day', 'YYYY-MM-DD"T"HH24:MI:SSOF') as tomorrow`,
  );
  const config: JobConfig = {
    resources: resources.map(({ table }) => table),
    columnstore_after: columnstoreAfter ?? null,
    retention: retention ?? null,
    retention_from: isOther
      ? (rows[0]?.tomorrow ?? null)
      : retention === undefined
        ? null
        : (job?.config.retention_from ?? null),
  };
  if (job === undefined) {
    await client.query(
      `select add_job('raw.run_life_cycle', interval '1 hour', config => $1,
        initial_start => now() + interval '1 hour')`,
      [JSON.stringify(config)],
    );
  } else if (!isDeepStrictEqual(job.config, config)) {
    await client.query('select alter_job($1, config => $2)', [job.jobId, JSON.stringify(config)]);
  }
  return isOther ? droppedFromNowOn(client, retention, config, resources) : undefined;
}

async function droppedFromNowOn(
  client: ClientBase,
  retention: string,
  config: JobConfig,
  resources: readonly Resource[],
): Promise<string | undefined> {
  const { rows } = await client.query<{ documents: string; unarchived: string }>(
    `select coalesce(sum(content.documents), 0) as documents,
        coalesce(sum(content.documents) filter (where not exists (
          select from raw.archived_batch as archived
          join raw.archive_file as file using (archive_file_id)
          where archived.batch_id = content.batch_id and file.resource = content.resource
        )), 0) as unarchived
      from unnest($1::text[]) as wanted (resource)
      cross join lateral raw.old_batches(wanted.resource, now() - $2::interval, true) as old
      join raw.batch_content as content
        on content.batch_id = old.batch_id and content.resource = wanted.resource
      where old.processed and old.node is null`,
    [resources.map(({ table }) => table), retention],
  );
  const documents = Number(rows[0]?.documents ?? 0);
  if (documents === 0) return undefined;
  const unarchived = Number(rows[0]?.unarchived ?? 0);
  return `Raw is kept for ${retention}: ${countText(documents, 'document')} are older (${unarchived === 0 ? 'all are archived' : `${unarchived.toLocaleString('en-US')} are not archived`}) and are dropped from ${config.retention_from} on. Keep them by the var raw_retention: 'never', or archive them by \`belt raw archive\`.`;
}
