const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** How much of its variable load a kind of site uses in each hour (standard time), from 0 to 1. */
export interface LoadProfile {
  readonly workday: readonly number[];
  readonly saturday: readonly number[];
  readonly sunday: readonly number[];
}

const CLOSED = hours('000000000000000000000000');
const OFFICE = hours('000001369989899998521100');
const WORKSHOP = hours('000003899976998975210000');
const SHOP = hours('222222468999999999986422');
const COLD_STORE = hours('555555667788899988776655');
const TWO_SHIFTS = hours('111115899999899999999631');

/** Kinds of sites. */
export const LOAD_PROFILES = {
  office: { workday: OFFICE, saturday: CLOSED, sunday: CLOSED },
  workshop: { workday: WORKSHOP, saturday: scaled(WORKSHOP, 0.3), sunday: CLOSED },
  shop: { workday: SHOP, saturday: SHOP, sunday: scaled(SHOP, 0.7) },
  coldStore: { workday: COLD_STORE, saturday: COLD_STORE, sunday: scaled(COLD_STORE, 0.9) },
  twoShifts: { workday: TWO_SHIFTS, saturday: scaled(TWO_SHIFTS, 0.5), sunday: CLOSED },
} as const satisfies Record<string, LoadProfile>;

/** The hours of a profile on the day of a time, in standard time (UTC+1). */
export function hoursOf(profile: LoadProfile, atMs: number): readonly number[] {
  const weekday = new Date(atMs + HOUR_MS).getUTCDay();
  if (weekday === 0) return profile.sunday;
  return weekday === 6 ? profile.saturday : profile.workday;
}

/** The share at a time of a day, between one hour's and the next one's. */
export function loadShare(hoursOfDay: readonly number[], atMs: number): number {
  const position = ((atMs + HOUR_MS) % DAY_MS) / HOUR_MS;
  const hour = Math.floor(position);
  const from = hoursOfDay[hour] ?? 0;
  const to = hoursOfDay[hour === 23 ? 0 : hour + 1] ?? 0;
  return from + (to - from) * (position - hour);
}

/** A digit an hour, in ninths. */
function hours(digits: string): readonly number[] {
  return [...digits].map((digit) => Number(digit) / 9);
}

function scaled(profile: readonly number[], factor: number): readonly number[] {
  return profile.map((share) => share * factor);
}
