import type { ClientBase } from 'pg';
import type { SourceNode } from '../../project/nodes.js';
import { renderRelation } from '../../project/relation.js';
import { landedRelation } from '../batches/landed-sources.js';

export interface Freshness {
  readonly uniqueId: string;
  readonly name: string;
  readonly status: 'pass' | 'warn' | 'error' | 'runtime error';
  readonly maxLoadedAt: string | undefined;
  readonly snapshottedAt: string;
  /** Seconds since the newest row was loaded. */
  readonly age: number | undefined;
  readonly seconds: number;
  readonly message: string;
}

const SECONDS = { minute: 60, hour: 3600, day: 86_400 } as const;

/** As src/project/config-keys.ts has held it against what it may be. */
interface Threshold {
  readonly count: number;
  readonly period: keyof typeof SECONDS;
}

/** Whether a source says what is fresh, and by which column. */
export function hasFreshness(node: SourceNode): boolean {
  return node.loadedAtField !== undefined && node.freshness !== undefined;
}

/** How long ago the newest row of a source was loaded, judged by its thresholds. */
export async function checkFreshness(client: ClientBase, node: SourceNode): Promise<Freshness> {
  const start = performance.now();
  const { filter } = node.freshness ?? {};
  const where = typeof filter === 'string' ? ` where ${filter}` : '';
  const base = { uniqueId: node.uniqueId, name: `${node.sourceName}.${node.name}` };
  const seconds = () => (performance.now() - start) / 1000;
  try {
    const { rows } = await client.query<{ max: Date | null; now: Date }>(
      `select max(${node.loadedAtField})::timestamptz as max, now() as now
        from ${renderRelation(landedRelation(node) ?? node.relation)}${where}`,
    );
    const now = rows[0]?.now ?? new Date();
    const newest = rows[0]?.max ?? undefined;
    const age = newest === undefined ? undefined : (now.getTime() - newest.getTime()) / 1000;
    const over = (key: 'warn_after' | 'error_after') => {
      const limit = node.freshness?.[key] as Threshold | null | undefined;
      if (limit === undefined || limit === null) return false;
      return age === undefined || age > limit.count * SECONDS[limit.period];
    };
    const status = over('error_after') ? 'error' : over('warn_after') ? 'warn' : 'pass';
    return {
      ...base,
      status,
      maxLoadedAt: newest?.toISOString(),
      snapshottedAt: now.toISOString(),
      age,
      seconds: seconds(),
      message: age === undefined ? 'It holds no rows.' : `The newest row is ${ageText(age)} old.`,
    };
  } catch (error) {
    return {
      ...base,
      status: 'runtime error',
      maxLoadedAt: undefined,
      snapshottedAt: new Date().toISOString(),
      age: undefined,
      seconds: seconds(),
      message: (error as Error).message,
    };
  }
}

function ageText(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 120) return `${whole} ${whole === 1 ? 'second' : 'seconds'}`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} minutes`;
  return seconds < 172_800
    ? `${Math.round(seconds / 3600)} hours`
    : `${Math.round(seconds / 86_400)} days`;
}
