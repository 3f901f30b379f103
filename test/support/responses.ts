import type { Workspace } from './workspace.js';

/** Series by their vendor's name: pairs of epoch milliseconds and value. */
export type Series = Readonly<Record<string, readonly unknown[]>>;

/** 2025-02-06T14:00:00Z in epoch milliseconds. */
export const T0 = Date.UTC(2025, 1, 6, 14);
export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;

export const DEVICE_A = '5f2d7e0a-1b3c-4d5e-8f90-a1b2c3d4e5f6';
export const DEVICE_B = 'c0ffee00-1234-4abc-9def-0123456789ab';
export const DEVICE_C = '00000000-0000-4000-8000-00000000000c';
export const DEVICE_D = '00000000-0000-4000-8000-00000000000d';

export interface Asset {
  readonly deviceId: string;
  readonly description?: string;
  readonly state?: string;
}

export function telemetryJson(series: Series): string {
  return JSON.stringify({
    series: Object.entries(series).map(([name, data]) => ({ name, data })),
  });
}

/** Writes a response set below `source`, and gives its folder. */
export function writeResponses(
  workspace: Workspace,
  source: string,
  set: {
    readonly assets?: readonly Asset[];
    readonly telemetry?: Readonly<Record<string, Series>>;
  },
): string {
  if (set.assets !== undefined) {
    workspace.write(
      `${source}/assets/assets.json`,
      JSON.stringify({ totalCount: set.assets.length, items: set.assets }),
    );
  }
  for (const [path, series] of Object.entries(set.telemetry ?? {})) {
    workspace.write(`${source}/telemetry/${path}.json`, telemetryJson(series));
  }
  return `${workspace.dir}/${source}`;
}

/** `count` pairs from `from` on, `stepMs` apart. */
export function pairs(
  from: number,
  count: number,
  stepMs: number,
  value: (index: number) => number,
): [number, number][] {
  return Array.from({ length: count }, (_, index) => [from + index * stepMs, value(index)]);
}
