const FIRST_MS = 1000;
const LONGEST_MS = 60_000;

/**
 * How long to wait after so many failures in a row, from 1 on: twice as long each time, and between
 * half of that and all of it, so that many who wait for the same do not come at once.
 */
export function backoffMs(failures: number, random: () => number = Math.random): number {
  const most = Math.min(FIRST_MS * 2 ** (failures - 1), LONGEST_MS);
  return most * (0.5 + random() / 2);
}
