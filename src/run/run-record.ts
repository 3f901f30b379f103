import type { ClientBase } from 'pg';
import type { NodeResult } from './run-events.js';

/** Runs that are kept in the record; older ones are deleted with their results. */
const RUNS_KEPT = 1000;

export async function startRun(
  client: ClientBase,
  runId: string,
  fullRefresh: boolean,
): Promise<void> {
  // the lock is held, so a run that still says it is running was killed
  await client.query(
    `update belt.run set status = 'interrupted', ended_at = now() where status = 'running'`,
  );
  await client.query(
    `insert into belt.run (run_id, command, started_at, status, full_refresh)
      values ($1, 'transform', now(), 'running', $2)`,
    [runId, fullRefresh],
  );
}

export async function recordResult(
  client: ClientBase,
  runId: string,
  position: number,
  result: NodeResult,
): Promise<void> {
  await client.query(
    `insert into belt.run_result
        (run_id, position, node, status, started_at, execution_seconds, rows_affected, message)
      values ($1, $2, $3, $4, now() - $5 * interval '1 second', $5, $6, $7)`,
    [
      runId,
      position,
      result.uniqueId,
      result.status,
      result.seconds,
      result.rows ?? null,
      result.message,
    ],
  );
}

export async function finishRun(
  client: ClientBase,
  runId: string,
  status: 'success' | 'error' | 'interrupted',
): Promise<void> {
  await client.query('update belt.run set status = $2, ended_at = now() where run_id = $1', [
    runId,
    status,
  ]);
  await client.query(
    `delete from belt.run where run_id in (
      select run_id from belt.run order by started_at desc offset $1)`,
    [RUNS_KEPT],
  );
}
