import { Clocks } from './clocks.js';
import { HourRanges } from './hour-ranges.js';

/** What a series entry of a telemetry response holds. */
export interface SeriesProfile {
  readonly name: string;
  /** Elements of its `data`. */
  readonly readings: number;
  /** Smallest and largest value of its regular readings; null without any. */
  readonly min: number | null;
  readonly max: number | null;
  /**
   * Elements that are no pair of an integer (milliseconds, from 2000 to the latest possible time)
   * and a number, or hold a number that a double does not hold exactly (over 15 significant digits).
   */
  readonly irregular: number;
  /**
   * The clock that its readings follow: series of a document with the same number have the same
   * times, each later than the one before. Null for one that is irregular or empty, whose times do
   * not only grow, or whose name comes twice.
   */
  readonly clock: number | null;
}

/** What was seen in a document while it was checked. */
export interface DocumentProfile {
  /** Elements of `series` or `items`. */
  readonly entries: number;
  /** Elements of all `data`, irregular ones too. */
  readonly readings: number;
  /**
   * One for each element of `series`, in order. Those after the 10,000th are folded into one for
   * each name, with all of their readings told as irregular: nobody judged them one by one.
   */
  readonly series: readonly SeriesProfile[];
  /** No series name occurs twice, and the possible times of each entry only grow. */
  readonly ordered: boolean;
  /**
   * Clocks that its series follow; null if a series that has readings follows none. With 1, all of
   * its readings can be told as one row a time.
   */
  readonly clocks: number | null;
  /** Hours since the epoch that hold possible times, both ends included, sorted, at most 1000 ranges. */
  readonly hours: readonly (readonly [number, number])[];
  /** Smallest and largest possible time, in milliseconds; null without any. */
  readonly firstMs: number | null;
  readonly lastMs: number | null;
}

/** Series entries with a profile of their own, and as many names that the others are folded into. */
export const MAX_SERIES = 10_000;

/** Readings before this are impossible: 2000-01-01T00:00Z in milliseconds. */
export const EARLIEST_MS = 946_684_800_000;

const HOUR_MS = 3_600_000;

/** The readings of the open series entry, and the times of all. Fields are open to the fast path. */
export class ReadingTally {
  readonly latestMs: number;
  readings = 0;
  irregular = 0;
  min = Number.POSITIVE_INFINITY;
  max = Number.NEGATIVE_INFINITY;
  previousMs = Number.NEGATIVE_INFINITY;
  firstMs = Number.POSITIVE_INFINITY;
  lastMs = Number.NEGATIVE_INFINITY;
  /** Start and end of the hour that was noted last. */
  hourStart = Number.POSITIVE_INFINITY;
  hourEnd = Number.NEGATIVE_INFINITY;
  /** Whether the possible times of the open series only grow. */
  grows = true;
  readonly clocks = new Clocks();
  readonly #hours = new HourRanges();
  readonly #series: SeriesProfile[] = [];
  readonly #folded = new Map<string, number>();
  readonly #names = new Set<string>();
  readonly #repeated = new Set<string>();
  #ordered = true;
  #total = 0;
  #entries = 0;

  constructor(latestMs: number) {
    this.latestMs = latestMs;
  }

  /** Takes note of an element that was read slowly. NaN stands for what is no exact number. */
  add(ms: number, value: number, isPair: boolean): void {
    const times = this.readings < this.clocks.times.length ? this.clocks.times : this.clocks.grow();
    times[this.readings] = ms;
    this.readings++;
    const isPossible = ms >= EARLIEST_MS && ms <= this.latestMs && Number.isInteger(ms);
    if (isPossible) {
      if (ms <= this.previousMs) this.grows = false;
      this.previousMs = ms;
      if (ms < this.hourStart || ms >= this.hourEnd) this.noteHour(ms);
      if (ms < this.firstMs) this.firstMs = ms;
      if (ms > this.lastMs) this.lastMs = ms;
    }
    if (!isPossible || !isPair || Number.isNaN(value)) {
      this.irregular++;
      return;
    }
    if (value < this.min) this.min = value;
    if (value > this.max) this.max = value;
  }

  noteHour(ms: number): void {
    const hour = Math.floor(ms / HOUR_MS);
    this.hourStart = hour * HOUR_MS;
    this.hourEnd = this.hourStart + HOUR_MS;
    this.#hours.add(hour);
  }

  countItem(): void {
    this.#entries++;
  }

  /** Ends the open series entry. False if there are more names than are kept. */
  endSeries(name: string): boolean {
    this.#entries++;
    this.#total += this.readings;
    if (this.#series.length < MAX_SERIES) {
      const isEmpty = this.min > this.max;
      this.#series.push({
        name,
        readings: this.readings,
        min: isEmpty ? null : this.min,
        max: isEmpty ? null : this.max,
        irregular: this.irregular,
        clock: this.#isRegular() ? this.clocks.find(this.readings) : null,
      });
    } else {
      this.#folded.set(name, (this.#folded.get(name) ?? 0) + this.readings);
    }
    if (this.#names.has(name)) this.#repeated.add(name);
    this.#names.add(name);
    if (!this.grows) this.#ordered = false;
    this.grows = true;
    this.readings = 0;
    this.irregular = 0;
    this.min = Number.POSITIVE_INFINITY;
    this.max = Number.NEGATIVE_INFINITY;
    this.previousMs = Number.NEGATIVE_INFINITY;
    return this.#folded.size <= MAX_SERIES;
  }

  #isRegular(): boolean {
    return this.readings > 0 && this.irregular === 0 && this.grows;
  }

  build(): DocumentProfile {
    const isTimeless = this.firstMs > this.lastMs;
    const series = [
      ...this.#series.map((one) => (this.#repeated.has(one.name) ? { ...one, clock: null } : one)),
      ...Array.from(this.#folded, ([name, readings]) => ({
        name,
        readings,
        min: null,
        max: null,
        irregular: readings,
        clock: null,
      })),
    ];
    const isClockless = series.some(({ readings, clock }) => readings > 0 && clock === null);
    return {
      entries: this.#entries,
      readings: this.#total,
      series,
      clocks: isClockless ? null : this.clocks.count,
      ordered: this.#ordered && this.#repeated.size === 0,
      hours: this.#hours.toRanges(),
      firstMs: isTimeless ? null : this.firstMs,
      lastMs: isTimeless ? null : this.lastMs,
    };
  }
}
