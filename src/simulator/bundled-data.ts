import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createRandom, randomUuid } from './random.js';
import { SERIES, type Site, simulateSite } from './site.js';

const SEED = 'belt';
const FROM_MS = Date.UTC(2025, 1, 6);
const TO_MS = Date.UTC(2025, 1, 7);

const ALL_SERIES = Object.keys(SERIES);

/** Three sites: one at 4 s, one that is nearly empty in the evening, one without a state of charge. */
const SITES: readonly Site[] = [
  {
    name: 'Zonneveld Deventer',
    state: 'Ok',
    cadenceMs: 4000,
    capacityWh: 400_000,
    maxPowerW: 120_000,
    roundTripEfficiency: 0.89,
    pvPeakW: 90_000,
    loadBaseW: 18_000,
    loadPeakW: 105_000,
    shavingLimitW: 70_000,
    initialStateOfCharge: 0.62,
    minStateOfCharge: 0.1,
    counters: {
      batteryIn: 242_748_750,
      batteryOut: 214_003_120,
      gridIn: 1_479_186_660,
      gridOut: 102_018_880,
      subIn: 0,
      subOut: 0,
      generated: 311_402_500,
    },
    series: [
      'StateOfChargePercentage',
      'BatteryPowerW',
      'GeneratedPowerW',
      'GridPowerW-mainmeter',
      'BatteryImportKwh',
      'BatteryExportKwh',
      'GridImportKwh-mainmeter',
    ],
  },
  {
    name: 'Havenkade Harlingen',
    state: 'Warning',
    cadenceMs: 60_000,
    capacityWh: 250_000,
    maxPowerW: 100_000,
    roundTripEfficiency: 0.86,
    pvPeakW: 20_000,
    loadBaseW: 32_000,
    loadPeakW: 95_000,
    shavingLimitW: 68_000,
    initialStateOfCharge: 0.81,
    minStateOfCharge: 0.1,
    counters: {
      batteryIn: 88_120_400,
      batteryOut: 74_881_030,
      gridIn: 903_441_220,
      gridOut: 4_120_090,
      subIn: 91_002_330,
      subOut: 102_770_410,
      generated: 40_118_270,
    },
    series: ALL_SERIES,
  },
  {
    name: 'Polderdijk Almere',
    state: 'Ok',
    cadenceMs: 60_000,
    capacityWh: 180_000,
    maxPowerW: 60_000,
    roundTripEfficiency: 0.9,
    pvPeakW: 45_000,
    loadBaseW: 9_000,
    loadPeakW: 40_000,
    shavingLimitW: 30_000,
    initialStateOfCharge: 0.5,
    minStateOfCharge: 0.1,
    counters: {
      batteryIn: 10_402_110,
      batteryOut: 9_200_450,
      gridIn: 210_520_060,
      gridOut: 56_391_500,
      subIn: 0,
      subOut: 0,
      generated: 61_200_330,
    },
    series: [
      'BatteryPowerW',
      'BatteryImportKwh',
      'BatteryExportKwh',
      'GridImportKwh-mainmeter',
      'GridExportKwh-mainmeter',
      'GeneratedExportKwh',
    ],
  },
];

/** Writes the response set that comes with belt: the same bytes each time. */
export function writeBundledData(folder: string): void {
  const random = createRandom(SEED);
  const devices = SITES.map((site) => ({ site, deviceId: randomUuid(random) }));
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, 'assets'), { recursive: true });
  mkdirSync(join(folder, 'telemetry'), { recursive: true });
  const items = devices.map(({ site, deviceId }) => ({
    deviceId,
    description: site.name,
    state: site.state,
  }));
  writeFileSync(
    join(folder, 'assets', 'assets.json'),
    `${JSON.stringify({ totalCount: items.length, items }, null, 2)}\n`,
  );
  for (const { site, deviceId } of devices) {
    const instants = [...simulateSite(site, FROM_MS, TO_MS, SEED)];
    const series = site.series.map((name) => {
      const show = SERIES[name];
      return { name, data: instants.map(([at, instant]) => [at, show?.(instant)]) };
    });
    writeFileSync(join(folder, 'telemetry', `${deviceId}.json`), JSON.stringify({ series }));
  }
}
