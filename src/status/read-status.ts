import type { ClientBase } from 'pg';
import { renderRelation } from '../project/relation.js';
import { rawTable } from '../raw/raw-table.js';
import { RESOURCES } from '../raw/resources.js';
import { findRelation } from '../run/relations/catalog.js';
import { type Findings, readFindings } from './findings.js';

/** What a database holds, for people and machines. */
export interface Status extends Findings {
  readonly landed: LandedStatus;
  readonly lastRun: RunStatus | undefined;
  readonly hypertables: readonly HypertableStatus[];
  readonly policies: readonly PolicyStatus[];
  readonly alerts: readonly AlertStatus[];
  /** Batches that battery_telemetry has not processed yet. */
  readonly pendingBatches: number;
}

interface LandedStatus {
  readonly batches: number;
  readonly documents: number;
  readonly readings: number;
  readonly bytes: number;
  readonly rejected: number;
  /** Size of the raw tables with their indexes. */
  readonly storedBytes: number;
  readonly lastLandedAt: Date | null;
}

interface RunStatus {
  readonly startedAt: Date;
  readonly status: string;
  readonly results: readonly {
    readonly node: string;
    readonly status: string;
    readonly seconds: number;
    readonly rows: number | null;
    readonly message: string | null;
  }[];
}

export interface HypertableStatus {
  readonly name: string;
  readonly kind: 'hypertable' | 'continuous aggregate';
  readonly chunks: number;
  readonly compressedChunks: number;
  /** Of the chunks that are not compressed, with indexes. */
  readonly rowStoreBytes: number;
  /** Of the compressed chunks. */
  readonly compressedBytes: number;
  /** What the compressed chunks held before. */
  readonly beforeCompressionBytes: number;
  readonly readings: number | undefined;
}

export interface PolicyStatus {
  readonly jobId: number;
  readonly procedure: string;
  readonly relation: string;
  readonly schedule: string;
  readonly config: string;
  readonly lastRunAt: Date | null;
  readonly lastStatus: string | null;
  readonly nextRunAt: Date | null;
}

interface AlertStatus {
  readonly deviceUuid: string;
  readonly site: string | null;
  readonly stateOfChargePercent: number;
  readonly readAt: Date;
}

/** Reads the status of a migrated database; the models' relations are those of `schema`. */
export async function readStatus(client: ClientBase, schema: string): Promise<Status> {
  return {
    landed: await readLanded(client),
    lastRun: await readLastRun(client),
    hypertables: await readHypertables(client, schema),
    policies: await readPolicies(client),
    alerts: await readAlerts(client, schema),
    pendingBatches: await readPending(client),
    ...(await readFindings(client, schema)),
  };
}

async function readLanded(client: ClientBase): Promise<LandedStatus> {
  const { rows } = await client.query<LandedStatus>(
    `select count(*)::int as batches, coalesce(sum(documents), 0)::int as documents,
        coalesce(sum(readings), 0)::float8 as readings, coalesce(sum(bytes), 0)::float8 as bytes,
        (select count(*)::int from raw.rejected_response) as rejected,
        (select coalesce(sum(pg_total_relation_size(name::regclass)), 0)::float8
          from unnest($1::text[]) as name) as "storedBytes",
        max(ended_at) as "lastLandedAt"
      from raw.batch where status = 'landed'`,
    [RESOURCES.map(rawTable)],
  );
  const [landed] = rows;
  if (landed === undefined) throw new Error('An aggregate gave no row.');
  return landed;
}

async function readLastRun(client: ClientBase): Promise<RunStatus | undefined> {
  const { rows } = await client.query<{ run_id: string; startedAt: Date; status: string }>(
    `select run_id, started_at as "startedAt", status from belt.run
      where command <> 'test' order by started_at desc limit 1`,
  );
  const [run] = rows;
  if (run === undefined) return undefined;
  const results = await client.query<RunStatus['results'][number]>(
    `select node, status, execution_seconds as seconds, rows_affected::float8 as rows, message
      from belt.run_result where run_id = $1 order by position`,
    [run.run_id],
  );
  return { startedAt: run.startedAt, status: run.status, results: results.rows };
}

async function readHypertables(client: ClientBase, schema: string): Promise<HypertableStatus[]> {
  const { rows } = await client.query<Omit<HypertableStatus, 'readings'>>(
    `with relation as (
        select hypertable_name as name, 'hypertable' as kind,
          format('%I.%I', hypertable_schema, hypertable_name)::regclass as hypertable
        from timescaledb_information.hypertables
        where hypertable_schema not like '\\_timescaledb%'
        union all
        select view_name, 'continuous aggregate',
          format('%I.%I', materialization_hypertable_schema, materialization_hypertable_name)::regclass
        from timescaledb_information.continuous_aggregates
      )
      select relation.name, relation.kind,
        (select count(*)::int from show_chunks(relation.hypertable)) as chunks,
        coalesce(compression.number_compressed_chunks, 0)::int as "compressedChunks",
        (coalesce(size.total_bytes, 0) - coalesce(compression.after_compression_total_bytes, 0))::float8 as "rowStoreBytes",
        coalesce(compression.after_compression_total_bytes, 0)::float8 as "compressedBytes",
        coalesce(compression.before_compression_total_bytes, 0)::float8 as "beforeCompressionBytes"
      from relation
      left join lateral hypertable_detailed_size(relation.hypertable) as size on true
      left join lateral hypertable_compression_stats(relation.hypertable) as compression on true
      order by relation.kind desc, relation.name`,
  );
  const readings = await countReadings(client, schema);
  return rows.map((row) => ({
    ...row,
    readings: row.name === 'battery_telemetry' ? readings : undefined,
  }));
}

/** Readings in battery_telemetry, summed up from the continuous aggregate over it. */
async function countReadings(client: ClientBase, schema: string): Promise<number | undefined> {
  const daily = { schema, identifier: 'battery_daily' };
  if ((await findRelation(client, daily)) === undefined) return undefined;
  const { rows } = await client.query<{ readings: number }>(
    `select coalesce(sum(readings), 0)::float8 as readings from ${renderRelation(daily)}`,
  );
  return rows[0]?.readings;
}

async function readPolicies(client: ClientBase): Promise<PolicyStatus[]> {
  const { rows } = await client.query<PolicyStatus>(
    `select job.job_id as "jobId", job.proc_name as procedure,
        coalesce(aggregate.view_name, job.hypertable_name) as relation,
        job.schedule_interval::text as schedule, job.config::text as config,
        coalesce(greatest(nullif(stats.last_run_started_at, '-infinity'), run.last_run_at), run.last_run_at) as "lastRunAt",
        coalesce(run.status, lower(stats.last_run_status)) as "lastStatus",
        case when isfinite(stats.next_start) then stats.next_start end as "nextRunAt"
      from timescaledb_information.jobs as job
      left join timescaledb_information.job_stats as stats on stats.job_id = job.job_id
      left join belt.policy_run as run on run.job_id = job.job_id
      left join timescaledb_information.continuous_aggregates as aggregate
        on aggregate.materialization_hypertable_schema = job.hypertable_schema
        and aggregate.materialization_hypertable_name = job.hypertable_name
      where job.hypertable_name is not null
      order by 3, 2`,
  );
  return rows;
}

async function readAlerts(client: ClientBase, schema: string): Promise<AlertStatus[]> {
  const alert = { schema, identifier: 'battery_alert' };
  if ((await findRelation(client, alert)) === undefined) return [];
  const { rows } = await client.query<AlertStatus>(
    `select device_uuid as "deviceUuid", site,
        state_of_charge_percent::float8 as "stateOfChargePercent", read_at as "readAt"
      from ${renderRelation(alert)} order by state_of_charge_percent, device_id`,
  );
  return rows;
}

async function readPending(client: ClientBase): Promise<number> {
  const { rows } = await client.query<{ pending: number }>(
    `select count(*)::int as pending from raw.batch as batch
      where status = 'landed' and documents > 0 and not exists (
        select from belt.model_batch as done
        where done.batch_id = batch.batch_id and done.node like 'model.%.battery_telemetry'
      )`,
  );
  return rows[0]?.pending ?? 0;
}
