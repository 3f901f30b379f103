import type { ClientBase } from 'pg';

/** A policy that belt ran itself. */
export interface PolicyRun {
  readonly jobId: number;
  readonly procedure: string;
  readonly relation: string;
  readonly seconds: number;
  /** Why it failed; undefined where it did not. */
  readonly fault: string | undefined;
}

/** Refreshes come before what compresses or drops. */
const ORDER = [
  'policy_refresh_continuous_aggregate',
  'policy_compression',
  'policy_reorder',
  'policy_retention',
];

/** Runs the policies whose time has come, on an engine that has no background workers for it. */
export async function runDuePolicies(client: ClientBase): Promise<PolicyRun[]> {
  const { rows } = await client.query<{ job_id: number; proc_name: string; relation: string }>(
    `select job.job_id, job.proc_name,
        coalesce(aggregate.view_name, job.hypertable_name) as relation
      from timescaledb_information.jobs as job
      left join belt.policy_run as run on run.job_id = job.job_id
      left join timescaledb_information.continuous_aggregates as aggregate
        on aggregate.materialization_hypertable_schema = job.hypertable_schema
        and aggregate.materialization_hypertable_name = job.hypertable_name
      where job.proc_name = any ($1) and job.scheduled
        and (run.last_run_at is null or run.last_run_at + job.schedule_interval <= now())
      order by array_position($1, job.proc_name::text), job.job_id`,
    [ORDER],
  );
  const runs: PolicyRun[] = [];
  for (const job of rows) runs.push(await runPolicy(client, job));
  return runs;
}

async function runPolicy(
  client: ClientBase,
  job: { job_id: number; proc_name: string; relation: string },
): Promise<PolicyRun> {
  const start = performance.now();
  let fault: string | undefined;
  try {
    await client.query(`call run_job(${job.job_id})`);
  } catch (error) {
    fault = (error as Error).message;
  }
  await client.query(
    `insert into belt.policy_run (job_id, last_run_at, status, message) values ($1, now(), $2, $3)
      on conflict (job_id) do update
      set last_run_at = excluded.last_run_at, status = excluded.status, message = excluded.message`,
    [job.job_id, fault === undefined ? 'success' : 'error', fault ?? null],
  );
  return {
    jobId: job.job_id,
    procedure: job.proc_name,
    relation: job.relation,
    seconds: (performance.now() - start) / 1000,
    fault,
  };
}
