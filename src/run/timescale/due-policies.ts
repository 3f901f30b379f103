import type { ClientBase } from 'pg';
import { POLICIES } from '../catalog/policies.js';

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
  'run_life_cycle',
];

/** Runs the policies whose time has come, on an engine that has no background workers for it. */
export async function runDuePolicies(client: ClientBase): Promise<PolicyRun[]> {
  const { rows } = await client.query<Job>(
    `select policy.job_id as "jobId", policy.procedure, policy.relation
      from ${POLICIES} as policy
      left join belt.policy_run as run on run.job_id = policy.job_id
      where policy.procedure = any ($1) and policy.scheduled
        and coalesce(run.last_run_at + policy.schedule_interval, policy.initial_start, now()) <= now()
      order by array_position($1, policy.procedure::text), policy.job_id`,
    [ORDER],
  );
  const runs: PolicyRun[] = [];
  for (const job of rows) runs.push(await runPolicy(client, job));
  return runs;
}

type Job = Pick<PolicyRun, 'jobId' | 'procedure' | 'relation'>;

async function runPolicy(client: ClientBase, job: Job): Promise<PolicyRun> {
  const start = performance.now();
  let fault: string | undefined;
  try {
    await client.query(`call run_job(${job.jobId})`);
  } catch (error) {
    fault = (error as Error).message;
  }
  await client.query(
    `insert into belt.policy_run (job_id, last_run_at, status, message) values ($1, now(), $2, $3)
      on conflict (job_id) do update
      set last_run_at = excluded.last_run_at, status = excluded.status, message = excluded.message`,
    [job.jobId, fault === undefined ? 'success' : 'error', fault ?? null],
  );
  return { ...job, seconds: (performance.now() - start) / 1000, fault };
}
