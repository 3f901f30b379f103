import { readFileSync } from 'node:fs';
import type { PoolClient } from 'pg';

/** Clock ticks a second of the times in /proc, on all that Linux runs on today. */
const TICKS = 100;

/**
 * CPU seconds of the server's sessions that have ended: its main process is told them as they do.
 * Undefined where the server is not on this machine, or that does not tell.
 */
export async function endedSessionsCpu(client: PoolClient): Promise<number | undefined> {
  const { rows } = await client.query<{ pid: number; data: string }>(
    'select pg_backend_pid() as pid',
  );
  try {
    const parent = fieldsOf(rows[0]?.pid ?? 0)[1];
    // after the name: state, parent, … and from the 14th on user and system time, own and of children
    const fields = fieldsOf(Number(parent));
    return (Number(fields[13]) + Number(fields[14])) / TICKS;
  } catch {
    return undefined;
  }
}

function fieldsOf(pid: number): string[] {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return text.slice(text.lastIndexOf(')') + 2).split(' ');
}
