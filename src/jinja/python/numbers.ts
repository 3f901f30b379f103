/**
 * A float without a fraction, such as 5.0. All other numbers are plain ones: those with a fraction
 * are floats, those without are whole numbers.
 */
export class WholeFloat {
  readonly #value: number;

  constructor(value: number) {
    this.#value = value;
  }

  valueOf(): number {
    return this.#value;
  }

  toString(): string {
    return floatText(this.#value);
  }

  toJSON(): number {
    return this.#value;
  }
}

/** A number as a float. */
export function floatOf(value: number): number | WholeFloat {
  return Number.isInteger(value) ? new WholeFloat(value) : value;
}

export function isFloat(value: unknown): boolean {
  return value instanceof WholeFloat || (typeof value === 'number' && !Number.isInteger(value));
}

export function isNumeric(value: unknown): value is number | boolean | WholeFloat {
  return typeof value === 'number' || typeof value === 'boolean' || value instanceof WholeFloat;
}

/** A number as Python writes it. */
export function numberText(value: number): string {
  if (!Number.isInteger(value)) return floatText(value);
  return Number.isSafeInteger(value) ? String(value) : String(BigInt(value));
}

/** As JavaScript, but for `.0`, and the sizes from which there is an exponent. */
function floatText(value: number): string {
  if (!Number.isFinite(value)) {
    return Number.isNaN(value) ? 'nan' : value < 0 ? '-inf' : 'inf';
  }
  const [digits = '', power = ''] = value.toExponential().split('e');
  const exponent = Number(power);
  if (exponent < -4 || exponent >= 16) {
    return `${digits}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
  }
  return Number.isInteger(value) ? `${value}.0` : String(value);
}

/** Rounds as Python does: to the nearest, and what lies in the middle to the even one. */
export function roundEven(value: number, digits: number): number {
  if (digits < 0) return roundEven(value * 10 ** digits, 0) / 10 ** digits;
  const rounded = Number(value.toFixed(Math.min(100, digits)));
  const [, middle = ''] = value.toFixed(Math.min(100, digits + 40)).split('.');
  if (!/^50*$/.test(middle.slice(digits))) return rounded;
  // toFixed goes away from zero there
  const step = 10 ** -digits;
  const isOdd = Math.round(Math.abs(rounded) / step) % 2 === 1;
  return isOdd ? Number((rounded - Math.sign(value) * step).toFixed(digits)) : rounded;
}

/** A value without the difference between 5 and 5.0, for who does not speak Python. */
export function plainOf<T>(value: T): T {
  if (value instanceof WholeFloat) return value.valueOf() as T;
  if (Array.isArray(value)) return value.map(plainOf) as T;
  if (typeof value !== 'object' || value === null) return value;
  if (Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plainOf(item)])) as T;
}
