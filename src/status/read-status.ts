import type { ClientBase } from 'pg';
import { type OpenAlert, readOpenAlerts } from '../alerts/read-alerts.js';
import { renderRelation } from '../project/relation.js';
import { rawTable } from '../raw/raw-table.js';
import { RESOURCES } from '../raw/resources.js';
import { type ChunkSizes, chunkSizes } from '../run/catalog/chunks.js';
import { POLICIES } from '../run/catalog/policies.js';
import { findRelation } from '../run/catalog/relations.js';
import { type DiskStatus, readDisk } from './disk.js';
import { type Findings, readFindings } from './findings.js';

/** What a database holds, for people and machines. */
export interface Status extends Findings {
  readonly landed: LandedStatus;
  readonly lastRun: RunStatus | undefined;
  readonly hypertables: readonly HypertableStatus[];
  /** Relations that stay in the row store, as they would take no less in the columnstore. */
  readonly tooSmall: readonly string[];
  readonly disk: DiskStatus;
  readonly policies: readonly PolicyStatus[];
  /** Open now, most urgent first. */
  readonly alerts: readonly OpenAlert[];
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

export interface HypertableStatus extends ChunkSizes {
  /** Of battery_telemetry. */
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

/** Reads the status of a migrated database; the models' relations are those of `schema`. */
export async function readStatus(client: ClientBase, schema: string): Promise<Status> {
  const hypertables = await readHypertables(client, schema);
  return {
    landed: await readLanded(client),
    lastRun: await readLastRun(client),
    hypertables,
    tooSmall: await readTooSmall(client),
    disk: await readDisk(client, hypertables.find(({ readings }) => readings)?.readings),
    policies: await readPolicies(client),
    alerts: (await readOpenAlerts(client, schema)) ?? [],
    pendingBatches: await readPending(client),
    ...(await readFindings(client, schema)),
  };
}

async function readLanded(client: ClientBase): Promise<LandedStatus> {
  const { rows } = await client.query<LandedStatus>(
    `select count(*)::int as batches, coalesce(sum(documents), 0)::int as documents,
        coalesce(sum(readings), 0)::float8 as readings, coalesce(sum(bytes), 0)::float8 as bytes,
        (select count(*)::int from raw.rejected_response) as rejected,
        (select coalesce(sum(coalesce(hypertable_size(name::regclass), pg_total_relation_size(name::regclass))), 0)::float8
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
  const readings = await countReadings(client, schema);
  return (await chunkSizes(client)).map((sizes) => ({
    ...sizes,
    readings: sizes.name === 'battery_telemetry' ? readings : undefined,
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

/** What asks for a policy of compression, and has none: see `columnstorePays`. */
async function readTooSmall(client: ClientBase): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `select class.relname as name from belt.relation_state as state
      join pg_class as class on class.oid = to_regclass(state.relation)
      join pg_namespace as namespace on namespace.oid = class.relnamespace
      where state.config #>> '{compression,after}' is not null and not exists (
        select from ${POLICIES} as policy
        where policy.procedure = 'policy_compression'
          and policy.relation_schema = namespace.nspname and policy.relation = class.relname
      )
      order by 1`,
  );
  return rows.map(({ name }) => name);
}

async function readPolicies(client: ClientBase): Promise<PolicyStatus[]> {
  const { rows } = await client.query<PolicyStatus>(
    `select policy.job_id as "jobId", policy.procedure, policy.relation,
        policy.schedule_interval::text as schedule, policy.config::text as config,
        greatest(policy.last_run_at, run.last_run_at) as "lastRunAt",
        coalesce(run.status, policy.last_status) as "lastStatus",
        policy.next_run_at as "nextRunAt"
      from ${POLICIES} as policy left join belt.policy_run as run on run.job_id = policy.job_id
      order by policy.relation, policy.procedure`,
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
