import { createRandom } from './random.js';

/** A site with a battery, as it is built. Powers in W, energies in Wh. */
export interface Site {
  readonly name: string;
  readonly state: 'Ok' | 'Warning';
  readonly cadenceMs: number;
  readonly capacityWh: number;
  readonly maxPowerW: number;
  /** Energy out of the battery for energy into it, charged and discharged in full. */
  readonly roundTripEfficiency: number;
  readonly pvPeakW: number;
  readonly loadBaseW: number;
  readonly loadPeakW: number;
  /** Grid import above which the battery helps. */
  readonly shavingLimitW: number;
  readonly initialStateOfCharge: number;
  /** Least state of charge that the controller leaves. */
  readonly minStateOfCharge: number;
  /** Lifetime counters at the start, in Wh. */
  readonly counters: Readonly<Record<Counter, number>>;
  /** The series that this device reports. */
  readonly series: readonly string[];
}

type Counter = 'batteryIn' | 'batteryOut' | 'gridIn' | 'gridOut' | 'subIn' | 'subOut' | 'generated';

/** The state of a site at one time: what its meters show. */
interface Instant {
  readonly stateOfChargePercent: number;
  readonly batteryW: number;
  readonly generatedW: number;
  readonly setpointW: number;
  readonly gridW: number;
  readonly subW: number;
  readonly counters: Readonly<Record<Counter, number>>;
}

const HOUR_MS = 3_600_000;

/** Steps through a site's time; whole watts, so that counters integrate exactly what is shown. */
export function* simulateSite(
  site: Site,
  fromMs: number,
  toMs: number,
  seed: string,
): Generator<[number, Instant]> {
  const random = createRandom(`${seed} ${site.name}`);
  const counters = { ...site.counters };
  const oneWay = Math.sqrt(site.roundTripEfficiency);
  const stepHours = site.cadenceMs / HOUR_MS;
  let storedWh = site.capacityWh * site.initialStateOfCharge;
  let cloud = 0.5;
  let bustle = 0;
  for (let at = fromMs; at < toMs; at += site.cadenceMs) {
    const hour = (((at % (24 * HOUR_MS)) + 24 * HOUR_MS) % (24 * HOUR_MS)) / HOUR_MS;
    const settle = Math.min(1, site.cadenceMs / 120_000);
    cloud += (random() - cloud) * settle;
    bustle += (random() - 0.5 - bustle * 0.2) * settle * 2;
    const generatedW = Math.round(site.pvPeakW * daylight(hour) * (0.25 + 0.75 * cloud));
    const loadW = Math.max(
      0,
      Math.round(site.loadBaseW + site.loadPeakW * business(hour) * (1 + 0.3 * bustle)),
    );
    const wantedW = Math.round(controllerW(site, loadW - generatedW));
    const dischargeLimitW =
      (Math.max(0, storedWh - site.capacityWh * site.minStateOfCharge) * oneWay) / stepHours;
    const chargeLimitW = Math.max(0, site.capacityWh - storedWh) / oneWay / stepHours;
    const batteryW = Math.round(Math.max(-chargeLimitW, Math.min(dischargeLimitW, wantedW)));
    const gridW = loadW - generatedW - batteryW;
    // the battery and the panels hang behind the sub meter
    const subW = -generatedW - batteryW;
    yield [
      at,
      {
        stateOfChargePercent: Math.round((storedWh / site.capacityWh) * 100),
        batteryW,
        generatedW,
        setpointW: wantedW,
        gridW,
        subW,
        counters: { ...counters },
      },
    ];
    storedWh -= batteryW > 0 ? (batteryW * stepHours) / oneWay : batteryW * stepHours * oneWay;
    addEnergy(counters, 'batteryOut', 'batteryIn', batteryW * stepHours);
    addEnergy(counters, 'gridIn', 'gridOut', gridW * stepHours);
    addEnergy(counters, 'subIn', 'subOut', subW * stepHours);
    counters.generated += generatedW * stepHours;
  }
}

function addEnergy(
  counters: Record<Counter, number>,
  positive: Counter,
  negative: Counter,
  energyWh: number,
): void {
  if (energyWh > 0) counters[positive] += energyWh;
  else counters[negative] -= energyWh;
}

/** A winter's day in the Netherlands: up at 7:15, down at 16:30 UTC. */
function daylight(hour: number): number {
  return Math.max(0, Math.sin(((hour - 7.25) / 9.25) * Math.PI)) ** 1.3;
}

/** How much of the peak load is on: people come at six, leave from four on. */
function business(hour: number): number {
  const morning = 1 / (1 + Math.exp(-(hour - 6.5) * 2.5));
  const evening = 1 / (1 + Math.exp((hour - 17.5) * 1.5));
  return morning * evening;
}

/** Shaves the peak of the import, stores what would be exported, and charges slowly at night. */
function controllerW(site: Site, netW: number): number {
  if (netW > site.shavingLimitW) return Math.min(site.maxPowerW, netW - site.shavingLimitW);
  if (netW < 0) return Math.max(-site.maxPowerW, netW);
  if (netW < site.shavingLimitW * 0.5)
    return -Math.min(site.maxPowerW * 0.25, site.shavingLimitW * 0.5 - netW);
  return 0;
}

/** A meter's reading in kWh, at its resolution of 0.01. */
function kWh(energyWh: number): number {
  return Math.floor(energyWh / 10 + 1e-6) / 100;
}

/** What each of the vendor's series shows of an instant. */
export const SERIES: Readonly<Record<string, (instant: Instant) => number>> = {
  StateOfChargePercentage: (instant) => instant.stateOfChargePercent,
  BatteryPowerW: (instant) => instant.batteryW,
  GeneratedPowerW: (instant) => instant.generatedW,
  PowerSetpointW: (instant) => instant.setpointW,
  PowerSetpointExternalW: () => 0,
  'GridPowerW-mainmeter': (instant) => instant.gridW,
  'GridPowerW-submeter': (instant) => instant.subW,
  BatteryImportKwh: (instant) => kWh(instant.counters.batteryIn),
  BatteryExportKwh: (instant) => kWh(instant.counters.batteryOut),
  'GridImportKwh-mainmeter': (instant) => kWh(instant.counters.gridIn),
  'GridImportKwh-submeter': (instant) => kWh(instant.counters.subIn),
  'GridExportKwh-mainmeter': (instant) => kWh(instant.counters.gridOut),
  'GridExportKwh-submeter': (instant) => kWh(instant.counters.subOut),
  GeneratedExportKwh: (instant) => kWh(instant.counters.generated),
};
