import { SERIES_NAMES } from './series.js';

/** A reading's time and comma, as its response holds it: `[1738850562000,`. */
export interface TimeTexts {
  readonly bytes: Uint8Array;
  /** All are equally long. */
  readonly width: number;
}

/** The readings of one device in one chunk of time: whole numbers, a column a series. */
export class Chunk {
  readonly timesMs: Float64Array;
  readonly columns: readonly Float64Array[];
  count = 0;
  readonly #texts = new Map<'ms' | 's', TimeTexts>();

  constructor(capacity: number) {
    this.timesMs = new Float64Array(capacity);
    this.columns = Array.from(
      { length: SERIES_NAMES.length + 1 },
      () => new Float64Array(capacity),
    );
  }

  /** Forgets its readings, to be filled again. */
  clear(): void {
    this.count = 0;
    this.#texts.clear();
  }

  /** The texts of its times, made once for all series. */
  timeTexts(unit: 'ms' | 's'): TimeTexts {
    const known = this.#texts.get(unit);
    if (known !== undefined) return known;
    const digits = unit === 'ms' ? 13 : 10;
    const width = digits + 2;
    const bytes = new Uint8Array(this.count * width);
    for (let index = 0; index < this.count; index++) {
      const start = index * width;
      let rest = (this.timesMs[index] ?? 0) / (unit === 'ms' ? 1 : 1000);
      bytes[start] = 0x5b;
      for (let at = start + digits; at > start; at--) {
        const next = Math.floor(rest / 10);
        bytes[at] = 0x30 + (rest - next * 10);
        rest = next;
      }
      bytes[start + width - 1] = 0x2c;
    }
    const texts = { bytes, width };
    this.#texts.set(unit, texts);
    return texts;
  }
}
