import { BATTERY_TYPES } from './battery-types.js';
import { LOAD_PROFILES } from './load-profile.js';
import { createRandom, type Random, randomUuid } from './random.js';
import { SERIES_NAMES, type SeriesName } from './series.js';
import type { Site } from './site.js';

/** Which series devices report: a mix, as the vendor's do, or all of them. */
export type SeriesChoice = 'mixed' | 'all';

const DAY_MS = 86_400_000;

/** Subsets as the vendor's devices have them; one has no state of charge. */
const SUBSETS: readonly (readonly SeriesName[])[] = [
  SERIES_NAMES,
  SERIES_NAMES,
  [
    'StateOfChargePercentage',
    'BatteryPowerW',
    'GeneratedPowerW',
    'GridPowerW-mainmeter',
    'BatteryImportKwh',
    'BatteryExportKwh',
    'GridImportKwh-mainmeter',
    'GridExportKwh-mainmeter',
    'GeneratedExportKwh',
  ],
  [
    'BatteryPowerW',
    'GeneratedPowerW',
    'BatteryExportKwh',
    'GridImportKwh-mainmeter',
    'GridImportKwh-submeter',
    'GridExportKwh-submeter',
  ],
  [
    'StateOfChargePercentage',
    'BatteryPowerW',
    'GeneratedPowerW',
    'BatteryExportKwh',
    'GridImportKwh-mainmeter',
  ],
];

const NAMES = [
  'Zonneveld',
  'Havenkade',
  'Polderdijk',
  'Molenweg',
  'Industrieweg',
  'De Vaart',
  'Kanaalzicht',
  'Noorderpoort',
  'Veiling',
  'Stadion',
  'Bakkerij',
  'Koelhuis',
  'Drukkerij',
  'Kwekerij',
  'Sporthal',
  'Remise',
];

const TOWNS = [
  'Deventer',
  'Harlingen',
  'Almere',
  'Tilburg',
  'Emmen',
  'Venlo',
  'Hoorn',
  'Goes',
  'Assen',
  'Ede',
  'Gouda',
  'Sneek',
  'Weert',
  'Tiel',
  'Zeist',
  'Delft',
];

/** The site of one device of a fleet: the same for the same seed and index, however large the fleet. */
export function fleetSite(seed: string, index: number, fromMs: number, choice: SeriesChoice): Site {
  const random = createRandom(`${seed} device ${index}`);
  const deviceId = randomUuid(random);
  const battery = pick(random, BATTERY_TYPES);
  const load = pick(random, Object.values(LOAD_PROFILES));
  const subset = pick(random, SUBSETS);
  const name = `${pick(random, NAMES)} ${pick(random, TOWNS)} ${index + 1}`;
  const ageDays = Math.floor(random() * 6 * 365);
  const cyclesADay = between(random, 0.3, 1.1);
  const loadBaseW = Math.round(battery.maxPowerW * between(random, 0.1, 0.4));
  const loadPeakW = Math.round(battery.maxPowerW * between(random, 0.5, 1.6));
  const pvPeakW = random() < 0.2 ? 0 : Math.round(loadPeakW * between(random, 0.3, 1.8));
  const kilowattYears = (watts: number, share: number) =>
    Math.round(watts * share * (ageDays / 365) * 8760);
  return {
    deviceId,
    name,
    state: random() < 0.05 ? 'Warning' : 'Ok',
    battery,
    commissionedMs: fromMs - ageDays * DAY_MS,
    cyclesBefore: ageDays * cyclesADay,
    latitude: between(random, 50.8, 53.4),
    longitude: between(random, 3.6, 7),
    pvPeakW,
    load,
    loadBaseW,
    loadPeakW,
    shavingLimitW: Math.round(loadBaseW + loadPeakW * between(random, 0.3, 0.7)),
    externallyControlled: random() < 0.3,
    initialStateOfCharge: between(random, 0.15, 0.95),
    minStateOfCharge: pick(random, [0.05, 0.1, 0.15, 0.2]),
    countersWh: {
      gridIn: kilowattYears(loadBaseW + loadPeakW * 0.3, between(random, 0.8, 1.2)),
      gridOut: kilowattYears(pvPeakW, 0.03),
      subIn: kilowattYears(battery.maxPowerW, 0.04),
      subOut: kilowattYears(pvPeakW, between(random, 0.06, 0.1)),
      generated: kilowattYears(pvPeakW, 0.1),
    },
    series: choice === 'all' ? SERIES_NAMES : subset,
  };
}

function pick<T>(random: Random, choices: readonly T[]): T {
  return choices[Math.floor(random() * choices.length)] as T;
}

function between(random: Random, from: number, to: number): number {
  return from + (to - from) * random();
}
