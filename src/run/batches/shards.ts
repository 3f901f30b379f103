import type { ModelNode } from '../../project/nodes.js';
import { textConfig } from '../relations/model-config.js';

/**
 * Parts that a model's rows are cut into by the hash of a column: enough for as many sessions, and
 * always as many, so that what one run leaves undone another one with fewer sessions takes up.
 */
export const SHARDS = 16;

/** The column whose values no two sessions share, of a model that several may work on. */
export function parallelBy(node: ModelNode): string | undefined {
  return textConfig(node, 'parallel_by');
}

/** SQL for the shard of a value, of so many: it follows from its text alone, on any server. */
export function shardOf(value: string, shards: number | string = SHARDS): string {
  const hash = `encode(sha256(convert_to(coalesce(${value}::text, ''), 'UTF8')), 'hex')`;
  return `(('x' || left(${hash}, 4))::bit(16)::integer % ${shards})`;
}

/** As many where nothing of them is kept: lanes come out even, and each can hold whole shards. */
export const FINE_SHARDS = 4096;

/** What of a model's pending work is in a shard. */
export interface ShardLoad {
  readonly shard: number;
  readonly readings: number;
  /** How far it is: only shards that are equally far can be processed by the same statements. */
  readonly progress: string;
}

/** Readings below which one more session costs more than it brings. */
const READINGS_WORTH_A_SESSION = 25_000;

/**
 * Puts shards together into lanes of about the same size, each of which one session after the other
 * processes: as many as there are `threads` where the work is worth it, and more of them where each
 * then still fills a slice.
 */
export function lanesOf(
  loads: readonly ShardLoad[],
  threads: number,
  readingsASlice: number,
): number[][] {
  // one at the least, also for responses without readings
  const total = Math.max(1, sumOf(loads));
  const wanted = Math.max(
    Math.ceil(total / readingsASlice),
    Math.min(threads, Math.ceil(total / READINGS_WORTH_A_SESSION)),
  );
  const alike = new Map<string, ShardLoad[]>();
  for (const load of loads) {
    alike.set(load.progress, [...(alike.get(load.progress) ?? []), load]);
  }
  return [...alike.values()]
    .flatMap((group) => packed(group, Math.max(1, Math.round((wanted * sumOf(group)) / total))))
    .toSorted((a, b) => b.readings - a.readings)
    .map(({ shards }) => shards);
}

interface Lane {
  readonly shards: number[];
  readings: number;
}

/** The largest first, each to the lane that has the least. */
function packed(loads: readonly ShardLoad[], lanes: number): Lane[] {
  const filled: Lane[] = Array.from({ length: Math.min(lanes, loads.length) }, () => ({
    shards: [],
    readings: 0,
  }));
  for (const { shard, readings } of loads.toSorted((a, b) => b.readings - a.readings)) {
    const least = filled.reduce((a, b) => (b.readings < a.readings ? b : a));
    least.shards.push(shard);
    least.readings += readings;
  }
  return filled;
}

function sumOf(loads: readonly ShardLoad[]): number {
  return loads.reduce((sum, { readings }) => sum + readings, 0);
}
