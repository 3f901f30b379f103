import { type BatteryType, conditionOf } from './battery-types.js';
import type { Chunk } from './chunk.js';
import { hoursOf, type LoadProfile, loadShare } from './load-profile.js';
import { createRandom, type Random } from './random.js';
import { COUNTER_RESOLUTION_WH, type SeriesName } from './series.js';
import { clearSky, type SunCourse, sunCourse } from './sun.js';

/** A site with a battery, as it is built. Powers in W, energies in Wh. */
export interface Site {
  readonly deviceId: string;
  readonly name: string;
  readonly state: 'Ok' | 'Warning';
  readonly battery: BatteryType;
  /** When the battery was new. */
  readonly commissionedMs: number;
  /** Equivalent full cycles until the simulation begins. */
  readonly cyclesBefore: number;
  readonly latitude: number;
  readonly longitude: number;
  readonly pvPeakW: number;
  readonly load: LoadProfile;
  readonly loadBaseW: number;
  readonly loadPeakW: number;
  /** Grid import above which the battery helps. */
  readonly shavingLimitW: number;
  /** Whether somebody outside, such as a trader, commands the battery at times. */
  readonly externallyControlled: boolean;
  readonly initialStateOfCharge: number;
  /** Least state of charge that the controller leaves. */
  readonly minStateOfCharge: number;
  /** Lifetime counters when the simulation begins; those of the battery follow from its cycles. */
  readonly countersWh: Readonly<Record<MeterCounter, number>>;
  /** The series that this device reports. */
  readonly series: readonly SeriesName[];
}

type MeterCounter = 'gridIn' | 'gridOut' | 'subIn' | 'subOut' | 'generated';

/** What is true of a site on one day (UTC): what figures from its readings can be held against. */
export interface DayTruth {
  readonly dayMs: number;
  /** Usable capacity, the same all day. */
  readonly capacityWh: number;
  readonly roundTripEfficiency: number;
  /** Since the battery was new, at the end of the day. */
  readonly equivalentFullCycles: number;
  /** Energies of the day, as far as it was simulated. */
  readonly chargedWh: number;
  readonly dischargedWh: number;
  readonly gridImportWh: number;
  readonly gridExportWh: number;
  readonly generatedWh: number;
  readonly loadWh: number;
}

/** What a meter shows that is replaced with the others of its group. */
export const METERS = ['battery', 'main', 'sub', 'generator'] as const;
export type Meter = (typeof METERS)[number];

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Counters are kept in watt-seconds: powers are whole watts, so nothing is ever rounded. */
const STEP_WS = COUNTER_RESOLUTION_WH * 3600;

/** Daily energies in watt-seconds. */
interface DayEnergies {
  charged: number;
  discharged: number;
  gridIn: number;
  gridOut: number;
  generated: number;
  load: number;
}

/** Steps a site through time. A power holds from its reading to the next one. */
export class SiteModel {
  readonly #site: Site;
  readonly #random: Random;
  readonly #dayRandom: Random;
  readonly #cadenceMs: number;
  readonly #onDay: (truth: DayTruth) => void;
  #atMs: number;
  #storedWh: number;
  #throughputWh: number;
  #cloud = 0.5;
  #bustle = 0;
  #batteryIn: number;
  #batteryOut: number;
  #gridIn: number;
  #gridOut: number;
  #subIn: number;
  #subOut: number;
  #generated: number;
  // the day's own figures
  #dayMs = Number.NaN;
  #capacityWh = 0;
  #efficiency = 1;
  #sun: SunCourse = { base: 0, swing: 0, noonMs: 0 };
  #clearness = 0.5;
  #external: ExternalCommand = { fromMs: 0, toMs: 0, powerW: 0 };
  #energies = noEnergies();

  constructor(
    site: Site,
    seed: string,
    fromMs: number,
    cadenceMs: number,
    onDay: (truth: DayTruth) => void = () => undefined,
  ) {
    this.#site = site;
    this.#random = createRandom(`${seed} site ${site.deviceId}`);
    this.#dayRandom = createRandom(`${seed} days ${site.deviceId}`);
    this.#cadenceMs = cadenceMs;
    this.#onDay = onDay;
    this.#atMs = fromMs;
    const { battery, countersWh } = site;
    this.#throughputWh = site.cyclesBefore * 2 * battery.capacityWh;
    const oneWay = Math.sqrt(battery.roundTripEfficiency);
    this.#batteryIn = Math.round((this.#throughputWh / 2 / oneWay) * 3600);
    this.#batteryOut = Math.round((this.#throughputWh / 2) * oneWay * 3600);
    this.#gridIn = countersWh.gridIn * 3600;
    this.#gridOut = countersWh.gridOut * 3600;
    this.#subIn = countersWh.subIn * 3600;
    this.#subOut = countersWh.subOut * 3600;
    this.#generated = countersWh.generated * 3600;
    this.#storedWh = battery.capacityWh;
    this.#beginDay(fromMs);
    this.#storedWh = this.#capacityWh * site.initialStateOfCharge;
  }

  /** A meter is replaced: its counters begin at zero. */
  reset(meter: Meter): void {
    if (meter === 'battery') this.#batteryIn = this.#batteryOut = 0;
    else if (meter === 'main') this.#gridIn = this.#gridOut = 0;
    else if (meter === 'sub') this.#subIn = this.#subOut = 0;
    else this.#generated = 0;
  }

  /** Appends `count` readings of each series to a chunk, and goes on by as many steps. */
  fill(chunk: Chunk, count: number): void {
    const site = this.#site;
    const random = this.#random;
    const { battery } = site;
    const cadenceMs = this.#cadenceMs;
    const stepSeconds = cadenceMs / 1000;
    const stepHours = cadenceMs / HOUR_MS;
    // how far clouds and people go in a step
    const settle = Math.min(1, cadenceMs / 120_000);
    const [soc, batteryPower, generatedPower, setpoint, setpointExternal, gridPower, subPower] =
      chunk.columns as ColumnsOf<7>;
    const [batteryIn, batteryOut, gridIn, subIn, gridOut, subOut, generatedOut] =
      chunk.columns.slice(7) as ColumnsOf<7>;
    const energies = () => this.#energies;
    let hours = hoursOf(site.load, this.#atMs);
    let hoursUntilMs = nextLocalDay(this.#atMs);
    let day = energies();
    for (let index = chunk.count; index < chunk.count + count; index++) {
      const at = this.#atMs;
      if (at >= this.#dayMs + DAY_MS) {
        this.#endDay();
        this.#beginDay(at);
        day = energies();
      }
      if (at >= hoursUntilMs) {
        hours = hoursOf(site.load, at);
        hoursUntilMs = nextLocalDay(at);
      }
      const sky = site.pvPeakW === 0 ? 0 : clearSky(this.#sun, at - this.#dayMs);
      if (sky > 0) this.#cloud += (random() - this.#cloud) * settle;
      const generatedW = Math.round(
        site.pvPeakW * 0.85 * sky * (0.15 + 0.85 * this.#clearness * (0.4 + 0.6 * this.#cloud)),
      );
      const noise = random() - 0.5;
      this.#bustle += (noise - this.#bustle * 0.2) * settle * 2;
      const loadW = Math.max(
        0,
        Math.round(
          (site.loadBaseW + site.loadPeakW * loadShare(hours, at) * (1 + 0.25 * this.#bustle)) *
            (1 + 0.04 * noise),
        ),
      );
      const netW = loadW - generatedW;
      const external = this.#external;
      const externalW = at >= external.fromMs && at < external.toMs ? external.powerW : 0;
      const wantedW = externalW === 0 ? Math.round(shavingW(site, netW)) : externalW;
      let batteryW = 0;
      if (wantedW !== 0) {
        // an inverter follows its setpoint to about half a percent
        const rippleW = (random() - 0.5) * 0.01 * wantedW;
        const mostW =
          (Math.max(0, this.#storedWh - this.#capacityWh * site.minStateOfCharge) *
            this.#efficiency) /
          stepHours;
        const leastW =
          -Math.max(0, this.#capacityWh - this.#storedWh) / this.#efficiency / stepHours;
        batteryW = Math.trunc(Math.max(leastW, Math.min(mostW, wantedW + rippleW)));
        batteryW = Math.max(-battery.maxPowerW, Math.min(battery.maxPowerW, batteryW));
      }
      const gridW = netW - batteryW;
      // the battery and the panels hang behind the sub meter
      const subW = -generatedW - batteryW;

      chunk.timesMs[index] = at;
      soc[index] = Math.round((this.#storedWh / this.#capacityWh) * 100);
      batteryPower[index] = batteryW;
      generatedPower[index] = generatedW;
      setpoint[index] = wantedW;
      setpointExternal[index] = externalW;
      gridPower[index] = gridW;
      subPower[index] = subW;
      batteryIn[index] = Math.floor(this.#batteryIn / STEP_WS);
      batteryOut[index] = Math.floor(this.#batteryOut / STEP_WS);
      gridIn[index] = Math.floor(this.#gridIn / STEP_WS);
      subIn[index] = Math.floor(this.#subIn / STEP_WS);
      gridOut[index] = Math.floor(this.#gridOut / STEP_WS);
      subOut[index] = Math.floor(this.#subOut / STEP_WS);
      generatedOut[index] = Math.floor(this.#generated / STEP_WS);

      const batteryWs = batteryW * stepSeconds;
      if (batteryW > 0) {
        const fromCellsWh = (batteryW * stepHours) / this.#efficiency;
        this.#storedWh -= fromCellsWh;
        this.#throughputWh += fromCellsWh;
        this.#batteryOut += batteryWs;
        day.discharged += batteryWs;
      } else if (batteryW < 0) {
        const toCellsWh = -batteryW * stepHours * this.#efficiency;
        this.#storedWh += toCellsWh;
        this.#throughputWh += toCellsWh;
        this.#batteryIn -= batteryWs;
        day.charged -= batteryWs;
      }
      const gridWs = gridW * stepSeconds;
      if (gridW > 0) {
        this.#gridIn += gridWs;
        day.gridIn += gridWs;
      } else {
        this.#gridOut -= gridWs;
        day.gridOut -= gridWs;
      }
      if (subW > 0) this.#subIn += subW * stepSeconds;
      else this.#subOut -= subW * stepSeconds;
      this.#generated += generatedW * stepSeconds;
      day.generated += generatedW * stepSeconds;
      day.load += loadW * stepSeconds;
      this.#atMs = at + cadenceMs;
    }
    chunk.count += count;
  }

  /** Tells of the day that is not over yet. */
  end(): void {
    this.#endDay();
  }

  #beginDay(atMs: number): void {
    const site = this.#site;
    this.#dayMs = Math.floor(atMs / DAY_MS) * DAY_MS;
    const condition = conditionOf(
      site.battery,
      (this.#dayMs - site.commissionedMs) / DAY_MS,
      this.#cycles(),
    );
    this.#capacityWh = condition.capacityWh;
    this.#efficiency = Math.sqrt(condition.roundTripEfficiency);
    this.#storedWh = Math.min(this.#storedWh, this.#capacityWh);
    this.#sun = sunCourse(this.#dayMs, site.latitude, site.longitude);
    this.#clearness = this.#dayRandom();
    this.#external = externalCommand(site, this.#dayMs, this.#dayRandom);
    this.#energies = noEnergies();
  }

  #endDay(): void {
    const wh = (wattSeconds: number) => wattSeconds / 3600;
    const energies = this.#energies;
    this.#onDay({
      dayMs: this.#dayMs,
      capacityWh: this.#capacityWh,
      roundTripEfficiency: this.#efficiency ** 2,
      equivalentFullCycles: this.#cycles(),
      chargedWh: wh(energies.charged),
      dischargedWh: wh(energies.discharged),
      gridImportWh: wh(energies.gridIn),
      gridExportWh: wh(energies.gridOut),
      generatedWh: wh(energies.generated),
      loadWh: wh(energies.load),
    });
  }

  #cycles(): number {
    return this.#throughputWh / 2 / this.#site.battery.capacityWh;
  }
}

type ColumnsOf<N extends number, Found extends Float64Array[] = []> = Found['length'] extends N
  ? Found
  : ColumnsOf<N, [...Found, Float64Array]>;

interface ExternalCommand {
  readonly fromMs: number;
  readonly toMs: number;
  readonly powerW: number;
}

/** On half the days: sold in the early evening, or bought at noon. */
function externalCommand(site: Site, dayMs: number, random: Random): ExternalCommand {
  const [whether, hour, length, power] = [random(), random(), random(), random()];
  if (!site.externallyControlled || whether > 0.5) return { fromMs: 0, toMs: 0, powerW: 0 };
  const sells = whether > 0.2;
  const quarters = Math.floor((sells ? 64 : 42) + hour * 12);
  const fromMs = dayMs + (quarters * HOUR_MS) / 4;
  const sign = sells ? 1 : -1;
  return {
    fromMs,
    toMs: fromMs + Math.ceil(1 + length * 5) * (HOUR_MS / 4),
    powerW: sign * Math.round((site.battery.maxPowerW * (0.2 + 0.6 * power)) / 100) * 100,
  };
}

/** Shaves the peak of the import, stores what would be exported, and charges slowly when it is quiet. */
function shavingW(site: Site, netW: number): number {
  const { maxPowerW } = site.battery;
  if (netW > site.shavingLimitW) return Math.min(maxPowerW, netW - site.shavingLimitW);
  if (netW < 0) return Math.max(-maxPowerW, netW);
  const quietW = site.shavingLimitW * 0.8;
  return netW < quietW ? -Math.min(maxPowerW * 0.3, quietW - netW) : 0;
}

/** The next midnight of standard time (UTC+1). */
function nextLocalDay(atMs: number): number {
  return (Math.floor((atMs + HOUR_MS) / DAY_MS) + 1) * DAY_MS - HOUR_MS;
}

function noEnergies(): DayEnergies {
  return { charged: 0, discharged: 0, gridIn: 0, gridOut: 0, generated: 0, load: 0 };
}
