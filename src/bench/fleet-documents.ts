import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { NO_FAULTS } from '../simulator/faults.js';
import { simulate } from '../simulator/simulate.js';

/** A simulated response set on disk: hourly responses of all 14 series, unless told otherwise. */
export interface FleetDocuments {
  readonly folder: string;
  /** Telemetry responses, by device. */
  readonly files: readonly string[];
  readonly devices: number;
  readonly readings: number;
  readonly bytes: number;
  readonly readingsPerSecond: number;
}

const HOUR_MS = 3_600_000;
const FROM_MS = Date.UTC(2025, 5, 4);

export async function writeFleet(
  folder: string,
  fleet: {
    readonly devices: number;
    readonly cadenceMs: number;
    readonly hours: number;
    readonly chunkHours?: number;
    readonly truthFile?: string;
  },
): Promise<FleetDocuments> {
  const summary = await simulate(
    {
      devices: fleet.devices,
      seed: 'bench',
      fromMs: FROM_MS,
      toMs: FROM_MS + fleet.hours * HOUR_MS,
      cadenceMs: fleet.cadenceMs,
      chunkMs: (fleet.chunkHours ?? 1) * HOUR_MS,
      folder,
      series: 'all',
      faults: NO_FAULTS,
      truthFile: fleet.truthFile,
      signal: new AbortController().signal,
    },
    () => undefined,
  );
  const telemetry = join(folder, 'telemetry');
  return {
    folder,
    files: readdirSync(telemetry, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.json'))
      .sort()
      .map((name) => join(telemetry, name)),
    devices: fleet.devices,
    readings: summary.readings,
    bytes: summary.bytes,
    readingsPerSecond: summary.readings / summary.seconds,
  };
}
