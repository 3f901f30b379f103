import { EXACT_DIGITS, PlainNumber } from './plain-number.js';
import { showByte, type TokenFault } from './scan-fault.js';

const POINT = 0x2e;
const MINUS = 0x2d;
const PLUS = 0x2b;
const ZERO = 0x30;

const START = 0;
const AFTER_MINUS = 1;
const AFTER_ZERO = 2;
const INTEGER = 3;
const AFTER_POINT = 4;
const FRACTION = 5;
const AFTER_E = 6;
const AFTER_SIGN = 7;
const EXPONENT = 8;

const SMALLEST_NORMAL = 2.2250738585072014e-308;

/** Limits of PostgreSQL's numeric, which jsonb keeps numbers in. */
const MAX_DIGITS_BEFORE_POINT = 131_072;
const MAX_DIGITS_AFTER_POINT = 16_383;
const MAX_EXPONENT = 1_073_741_822;

/** A number that is read as its bytes come. */
export class NumberToken {
  /** Whether a double holds exactly what the last number was written as, and if so, its value. */
  isExact = false;
  value = 0;
  fault: TokenFault | undefined;
  start = 0;
  readonly #plain = new PlainNumber();
  #state = START;
  #isNegative = false;
  #isNegativeExponent = false;
  #mantissa = 0;
  #significant = 0;
  #hasMore = false;
  #integerDigits = 0;
  #fractionDigits = 0;
  #leading = 0;
  #exponent = 0;

  begin(start: number): void {
    this.start = start;
    this.#state = START;
  }

  /**
   * Reads on from `from`; `base` is the offset of the chunk. Returns where the number ends, or the
   * length of the chunk if it may go on, or -1 if there is a fault.
   */
  scan(chunk: Uint8Array, from: number, base: number): number {
    if (this.#state === START) {
      const end = this.#plain.read(chunk, from);
      if (end > 0) {
        this.value = this.#plain.value;
        this.isExact = true;
        return end;
      }
      this.#reset();
    }
    const length = chunk.length;
    let state = this.#state;
    let i = from;
    while (i < length) {
      const byte = chunk[i] as number;
      const digit = byte - ZERO;
      if (digit >= 0 && digit <= 9) {
        if (state === AFTER_ZERO) return this.#fail('a number does not start with 0', base + i);
        if (state <= AFTER_MINUS) {
          state = digit === 0 ? AFTER_ZERO : INTEGER;
        } else if (state === AFTER_POINT) {
          state = FRACTION;
        } else if (state === AFTER_E || state === AFTER_SIGN) {
          state = EXPONENT;
        }
        if (state === EXPONENT) {
          this.#exponent = Math.min(this.#exponent * 10 + digit, MAX_EXPONENT + 1);
        } else {
          this.#takeDigit(digit, state === FRACTION);
        }
      } else if (state === START && byte === MINUS) {
        this.#isNegative = true;
        state = AFTER_MINUS;
      } else if (byte === POINT && (state === AFTER_ZERO || state === INTEGER)) {
        state = AFTER_POINT;
      } else if (
        (byte | 0x20) === 0x65 &&
        (state === AFTER_ZERO || state === INTEGER || state === FRACTION)
      ) {
        state = AFTER_E;
      } else if (state === AFTER_E && (byte === MINUS || byte === PLUS)) {
        this.#isNegativeExponent = byte === MINUS;
        state = AFTER_SIGN;
      } else {
        if (state !== AFTER_ZERO && state !== INTEGER && state !== FRACTION && state !== EXPONENT) {
          return this.#fail(`${showByte(byte)} stands where a digit should`, base + i);
        }
        this.#state = state;
        return this.finish(base + i) ? i : -1;
      }
      i++;
    }
    this.#state = state;
    return length;
  }

  /** Whether the number could end here. */
  get isComplete(): boolean {
    const state = this.#state;
    return state === AFTER_ZERO || state === INTEGER || state === FRACTION || state === EXPONENT;
  }

  /** Ends the number before `end`. False if there is a fault. */
  finish(end: number): boolean {
    const exponent = this.#isNegativeExponent ? -this.#exponent : this.#exponent;
    const isZero = this.#significant === 0;
    const before = this.#integerDigits - this.#leading + exponent;
    if (
      this.#exponent > MAX_EXPONENT ||
      this.#fractionDigits - exponent > MAX_DIGITS_AFTER_POINT ||
      (!isZero && before > MAX_DIGITS_BEFORE_POINT)
    ) {
      this.fault = {
        reason: 'number_out_of_range',
        message: `the number is beyond what PostgreSQL holds: ${MAX_DIGITS_BEFORE_POINT} digits before the point and ${MAX_DIGITS_AFTER_POINT} after it`,
        seenAt: end,
        offset: this.start,
      };
      return false;
    }
    this.isExact = !this.#hasMore;
    if (!this.isExact) return true;
    const scale = exponent - this.#fractionDigits + Math.max(0, this.#significant - EXACT_DIGITS);
    const size = isZero ? 0 : Number(`${this.#mantissa}e${scale}`);
    this.isExact = isZero || (size >= SMALLEST_NORMAL && size <= Number.MAX_VALUE);
    this.value = this.#isNegative ? 0 - size : size;
    return true;
  }

  #takeDigit(digit: number, isFraction: boolean): void {
    if (isFraction) this.#fractionDigits++;
    else this.#integerDigits++;
    if (this.#significant === 0 && digit === 0) {
      this.#leading++;
      return;
    }
    if (this.#significant < EXACT_DIGITS) this.#mantissa = this.#mantissa * 10 + digit;
    else if (digit !== 0) this.#hasMore = true;
    this.#significant++;
  }

  #reset(): void {
    this.#isNegative = false;
    this.#isNegativeExponent = false;
    this.#mantissa = 0;
    this.#significant = 0;
    this.#hasMore = false;
    this.#integerDigits = 0;
    this.#fractionDigits = 0;
    this.#leading = 0;
    this.#exponent = 0;
  }

  #fail(message: string, offset: number): -1 {
    this.fault = { reason: 'syntax', message, seenAt: offset, offset };
    return -1;
  }
}
