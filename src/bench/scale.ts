const MINUTE_MS = 60_000;

/** How much is measured. */
export interface Scale {
  /** Devices of a day at `cadenceMs`; a tenth of them tells how cost grows. */
  readonly devices: number;
  readonly cadenceMs: number;
  readonly hours: number;
  readonly alertDevices: readonly number[];
  readonly alertDays: readonly number[];
  readonly alertQueries: number;
  /** Fleets whose responses are watched, and how often one of three devices is to see memory. */
  readonly watchDevices: readonly number[];
  readonly watchLoops: number;
  /** The year of the degradation queries. */
  readonly yearDevices: number;
  readonly yearCadenceMs: number;
}

export const SCALES = {
  smoke: {
    devices: 10,
    cadenceMs: MINUTE_MS,
    hours: 2,
    alertDevices: [10, 100],
    alertDays: [1, 3],
    alertQueries: 70,
    watchDevices: [3],
    watchLoops: 10,
    yearDevices: 1,
    yearCadenceMs: 60 * MINUTE_MS,
  },
  standard: {
    devices: 100,
    cadenceMs: MINUTE_MS,
    hours: 24,
    alertDevices: [100, 1000, 10_000],
    alertDays: [1, 10, 100],
    alertQueries: 7000,
    watchDevices: [3, 100, 1000, 10_000],
    watchLoops: 1000,
    yearDevices: 10,
    yearCadenceMs: 15 * MINUTE_MS,
  },
  /** As the vendor's sample: every 4 s. */
  dense: {
    devices: 20,
    cadenceMs: 4000,
    hours: 24,
    alertDevices: [100],
    alertDays: [1],
    alertQueries: 700,
    watchDevices: [100],
    watchLoops: 100,
    yearDevices: 1,
    yearCadenceMs: 15 * MINUTE_MS,
  },
  full: {
    devices: 1000,
    cadenceMs: MINUTE_MS,
    hours: 24,
    alertDevices: [100, 1000, 10_000],
    alertDays: [1, 10, 100],
    alertQueries: 7000,
    watchDevices: [3, 100, 1000, 10_000],
    watchLoops: 1000,
    yearDevices: 20,
    yearCadenceMs: 5 * MINUTE_MS,
  },
} as const satisfies Record<string, Scale>;

export type ScaleName = keyof typeof SCALES;
