/** Clocks that are told apart in a document; series with others follow none. */
const MAX_CLOCKS = 16;

/** Times that are kept of a series; a longer one follows no clock. */
const MAX_TIMES = 2 ** 20;

/**
 * Knows which series of a document have the same times. They are compared, not hashed: values of
 * series with one clock are put into one row, whatever their times.
 */
export class Clocks {
  /** Times of the open series, by the number of the reading. Open to the fast path. */
  times: Float64Array = new Float64Array(64);
  readonly #known: Float64Array[] = [];

  get count(): number {
    return this.#known.length;
  }

  /** Makes room for more times, if there may be more. */
  grow(): Float64Array {
    if (this.times.length < MAX_TIMES) {
      const larger = new Float64Array(this.times.length * 4);
      larger.set(this.times);
      this.times = larger;
    }
    return this.times;
  }

  /** The number, from 1, of the clock that the open series follows; null if there are too many. */
  find(readings: number): number | null {
    if (readings > this.times.length) return null;
    const found = this.#known.findIndex((clock) => isSame(clock, this.times, readings));
    if (found >= 0) return found + 1;
    if (this.#known.length === MAX_CLOCKS) return null;
    return this.#known.push(this.times.slice(0, readings));
  }
}

function isSame(clock: Float64Array, times: Float64Array, readings: number): boolean {
  if (clock.length !== readings) return false;
  for (let i = 0; i < readings; i++) {
    if (clock[i] !== times[i]) return false;
  }
  return true;
}
