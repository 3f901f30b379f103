import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BATTERY_TYPES, type BatteryType } from './battery-types.js';
import { deviceResponses } from './device-responses.js';
import { NO_FAULTS, noFaults } from './faults.js';
import { LOAD_PROFILES } from './load-profile.js';
import { createRandom, randomUuid } from './random.js';
import { ResponseText } from './response-text.js';
import { SERIES_NAMES } from './series.js';
import { assetOf } from './simulate.js';
import type { Site } from './site.js';

const SEED = 'belt';
const FROM_MS = Date.UTC(2025, 1, 6);
const TO_MS = Date.UTC(2025, 1, 7);

interface BundledSite extends Omit<Site, 'deviceId'> {
  readonly cadenceMs: number;
}

/** Three sites: one at 4 s, one that is nearly empty in the evening, one without a state of charge. */
const SITES: readonly BundledSite[] = [
  {
    name: 'Zonneveld Deventer',
    state: 'Ok',
    cadenceMs: 4000,
    battery: batteryType('nmc-400'),
    commissionedMs: Date.UTC(2021, 3, 12),
    cyclesBefore: 640,
    latitude: 52.25,
    longitude: 6.16,
    pvPeakW: 90_000,
    load: LOAD_PROFILES.workshop,
    loadBaseW: 18_000,
    loadPeakW: 105_000,
    shavingLimitW: 70_000,
    externallyControlled: false,
    initialStateOfCharge: 0.62,
    minStateOfCharge: 0.1,
    countersWh: {
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
    battery: batteryType('lfp-233'),
    commissionedMs: Date.UTC(2022, 8, 1),
    cyclesBefore: 355,
    latitude: 53.17,
    longitude: 5.42,
    pvPeakW: 20_000,
    load: LOAD_PROFILES.twoShifts,
    loadBaseW: 40_000,
    loadPeakW: 45_000,
    shavingLimitW: 52_000,
    externallyControlled: false,
    initialStateOfCharge: 0.81,
    minStateOfCharge: 0.12,
    countersWh: {
      gridIn: 903_441_220,
      gridOut: 4_120_090,
      subIn: 91_002_330,
      subOut: 102_770_410,
      generated: 40_118_270,
    },
    series: SERIES_NAMES,
  },
  {
    name: 'Polderdijk Almere',
    state: 'Ok',
    cadenceMs: 60_000,
    battery: batteryType('nmc-180'),
    commissionedMs: Date.UTC(2024, 5, 20),
    cyclesBefore: 54,
    latitude: 52.37,
    longitude: 5.22,
    pvPeakW: 45_000,
    load: LOAD_PROFILES.office,
    loadBaseW: 9_000,
    loadPeakW: 40_000,
    shavingLimitW: 30_000,
    externallyControlled: false,
    initialStateOfCharge: 0.5,
    minStateOfCharge: 0.1,
    countersWh: {
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
  const writer = new ResponseText();
  const sites = SITES.map((site) => ({ ...site, deviceId: randomUuid(random) }));
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, 'assets'), { recursive: true });
  mkdirSync(join(folder, 'telemetry'), { recursive: true });
  writeFileSync(
    join(folder, 'assets', 'assets.json'),
    `${JSON.stringify({ totalCount: sites.length, items: sites.map(assetOf) }, null, 2)}\n`,
  );
  for (const site of sites) {
    const time = {
      fromMs: FROM_MS,
      toMs: TO_MS,
      cadenceMs: site.cadenceMs,
      chunkMs: TO_MS - FROM_MS,
    };
    const [response] = deviceResponses(
      site,
      time,
      SEED,
      NO_FAULTS,
      noFaults(),
      writer,
      () => undefined,
    );
    writeFileSync(join(folder, 'telemetry', `${site.deviceId}.json`), response?.text ?? '');
  }
}

function batteryType(name: string): BatteryType {
  const type = BATTERY_TYPES.find((one) => one.name === name);
  if (type === undefined) throw new Error(`there is no battery type ${name}`);
  return type;
}
