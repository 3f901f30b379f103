import { createRandom, type Random } from './random.js';

/** Something that happens at a rate, by numbers of its own: no other fault changes when it does. */
export class Chance {
  readonly random: Random;
  readonly #rate: number;
  #untilNext: number;

  constructor(rate: number, seed: string) {
    this.#rate = rate;
    // faults that are not wanted cost nothing
    this.random = rate === 0 ? () => 0 : createRandom(seed);
    this.#untilNext = this.#gap();
  }

  /** Whether it happens this time. */
  happens(): boolean {
    return this.#rate > 0 && this.random() < this.#rate;
  }

  /** Positions below `count` at which it happens; a draw for each of these, not for each position. */
  *positions(count: number): Generator<number> {
    let at = this.#untilNext;
    while (at < count) {
      yield at;
      at += 1 + this.#gap();
    }
    this.#untilNext = at - count;
  }

  /** How often it does not happen before it does: geometric. */
  #gap(): number {
    if (this.#rate === 0) return Number.POSITIVE_INFINITY;
    if (this.#rate >= 1) return 0;
    return Math.floor(Math.log(1 - this.random()) / Math.log(1 - this.#rate));
  }
}
