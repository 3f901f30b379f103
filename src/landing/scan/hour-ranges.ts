/** Ranges handed out at the most; more are joined over their smallest gaps. */
export const MAX_HOUR_RANGES = 1000;

/** Hours since the epoch, as sorted ranges that neither overlap nor touch. */
export class HourRanges {
  readonly #firsts: number[] = [];
  readonly #lasts: number[] = [];

  add(hour: number): void {
    const firsts = this.#firsts;
    const lasts = this.#lasts;
    let low = 0;
    let high = lasts.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((lasts[middle] as number) < hour - 1) low = middle + 1;
      else high = middle;
    }
    const first = firsts[low];
    const last = lasts[low];
    if (first === undefined || last === undefined || first > hour + 1) {
      firsts.splice(low, 0, hour);
      lasts.splice(low, 0, hour);
      // room for as many again, so that joining is rare
      if (firsts.length > 2 * MAX_HOUR_RANGES) this.#join();
    } else if (hour < first) {
      firsts[low] = hour;
    } else if (hour > last) {
      lasts[low] = hour;
      if (firsts[low + 1] === hour + 1) {
        firsts.splice(low + 1, 1);
        lasts.splice(low, 1);
      }
    }
  }

  /** First and last hour of each range, both included. At most MAX_HOUR_RANGES of them. */
  toRanges(): [number, number][] {
    this.#join();
    return this.#firsts.map((first, index) => [first, this.#lasts[index] as number]);
  }

  #join(): void {
    const firsts = this.#firsts.slice();
    const lasts = this.#lasts.slice();
    if (firsts.length <= MAX_HOUR_RANGES) return;
    const gapAfter = (index: number) => (firsts[index + 1] as number) - (lasts[index] as number);
    const kept = new Set(
      Array.from({ length: firsts.length - 1 }, (_, index) => index)
        .sort((a, b) => gapAfter(b) - gapAfter(a) || a - b)
        .slice(0, MAX_HOUR_RANGES - 1),
    );
    this.#firsts.length = 0;
    this.#lasts.length = 0;
    firsts.forEach((first, index) => {
      if (index === 0 || kept.has(index - 1)) this.#firsts.push(first);
    });
    lasts.forEach((last, index) => {
      if (index === lasts.length - 1 || kept.has(index)) this.#lasts.push(last);
    });
  }
}
