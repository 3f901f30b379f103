import type { ClientBase } from 'pg';
import type { NodeResult } from './run-events.js';

/** Runs that are kept in the record; older ones are deleted with their results. */
const RUNS_KEPT = 1000;

export async function startRun(
  client: ClientBase,
  runId: string,
  command: string,
  fullRefresh: boolean,
): Promise<void> {
  // the lock is held, so a run that still says it is running was killed
  await client.query(
    `update belt.run set status = 'interrupted', ended_at = now() where status = 'running'`,
  );
  await client.query(
    `insert into belt.run (run_id, command, started_at, status, full_refresh)
      values ($1, $3, now(), 'running', $2)`,
    [runId, fullRefresh, command],
  );
}

async function recordResults(
  client: ClientBase,
  runId: string,
  results: readonly NodeResult[],
): Promise<void> {
  await client.query(
    `insert into belt.run_result
        (run_id, position, node, status, started_at, execution_seconds, rows_affected, message)
      select $1, position, node, status, started_at, execution_seconds, rows_affected, message
      from jsonb_to_recordset($2::jsonb) as result (
        position integer, node text, status text, started_at timestamptz,
        execution_seconds double precision, rows_affected bigint, message text
      )`,
    [
      runId,
      JSON.stringify(
        results.map((result, index) => ({
          position: index + 1,
          node: result.uniqueId,
          status: result.status,
          started_at: result.startedAt,
          execution_seconds: result.seconds,
          rows_affected: result.rows ?? null,
          message: result.message,
        })),
      ),
    ],
  );
}

export async function finishRun(
  client: ClientBase,
  runId: string,
  status: 'success' | 'error' | 'interrupted',
  results: readonly NodeResult[],
): Promise<void> {
  await recordResults(client, runId, results);
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

/** The run that began last, of whichever process. */
export async function lastRunId(client: ClientBase): Promise<string | undefined> {
  const { rows } = await client.query<{ id: string }>(
    'select run_id as id from belt.run order by started_at desc limit 1',
  );
  return rows[0]?.id;
}
