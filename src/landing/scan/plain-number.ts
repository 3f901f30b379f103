const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const LETTER_E = 0x65;
const TO_SMALL = 0x20;

/** Decimal digits that a double always holds. */
export const EXACT_DIGITS = 15;

/** 10 to the power of its index. */
const POWERS_OF_TEN = Float64Array.from({ length: 23 }, (_, power) => Number(`1e${power}`));

export function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

/** A number of at most 15 digits and no exponent, which a double holds exactly. */
export class PlainNumber {
  value = 0;

  /**
   * Reads the number at `from`. Returns the index behind it; 0 if none is there, it is another one
   * than such, or may go on behind the chunk.
   */
  read(chunk: Uint8Array, from: number): number {
    const length = chunk.length;
    let i = from;
    const isNegative = chunk[i] === MINUS;
    if (isNegative) i++;
    const first = i;
    let value = 0;
    while (i < length) {
      const digit = (chunk[i] as number) - ZERO;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
      i++;
    }
    let digits = i - first;
    if (i >= length || digits === 0 || (digits > 1 && chunk[first] === ZERO)) return 0;
    let byte = chunk[i] as number;
    if (byte === POINT) {
      const point = i++;
      while (i < length) {
        const digit = (chunk[i] as number) - ZERO;
        if (digit < 0 || digit > 9) break;
        value = value * 10 + digit;
        i++;
      }
      const decimals = i - point - 1;
      digits += decimals;
      if (i >= length || decimals === 0 || digits > EXACT_DIGITS) return 0;
      value /= POWERS_OF_TEN[decimals] as number;
      byte = chunk[i] as number;
    }
    if (digits > EXACT_DIGITS || (byte | TO_SMALL) === LETTER_E) return 0;
    this.value = isNegative ? 0 - value : value;
    return i;
  }
}
