import { InvalidArgumentError } from 'commander';

const UNITS_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

type DurationUnit = keyof typeof UNITS_MS;

/**
 * Reads a whole number of one of these units, such as `10s`, in milliseconds. Throws an
 * InvalidArgumentError that says `wanted` for another text, and for what is out of its bounds.
 */
export function parseDuration(
  text: string,
  units: readonly DurationUnit[],
  wanted: string,
  { atLeast = 0, atMost = Number.POSITIVE_INFINITY, digits = 6 } = {},
): number {
  const [, count = '', name] = /^(\d+)([a-z]+)$/.exec(text) ?? [];
  const unit = units.find((one) => one === name);
  const isShort = count.length <= digits;
  const milliseconds = unit !== undefined && isShort ? Number(count) * UNITS_MS[unit] : Number.NaN;
  if (milliseconds >= atLeast && milliseconds <= atMost) return milliseconds;
  throw new InvalidArgumentError(wanted);
}
