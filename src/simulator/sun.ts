const DAY_MS = 86_400_000;

/** The sun's course over one place on one day (UTC). */
export interface SunCourse {
  /** Sine of the elevation is `base + swing * cos(hour angle)`. */
  readonly base: number;
  readonly swing: number;
  /** Milliseconds from midnight UTC to noon by the sun. */
  readonly noonMs: number;
}

/** Declination after Cooper (1969), equation of time after Spencer (1971) as usually shortened. */
export function sunCourse(dayMs: number, latitude: number, longitude: number): SunCourse {
  const yearStartMs = Date.UTC(new Date(dayMs).getUTCFullYear(), 0);
  const dayOfYear = Math.floor((dayMs - yearStartMs) / DAY_MS) + 1;
  const declination = radians(23.45) * Math.sin((2 * Math.PI * (284 + dayOfYear)) / 365);
  const b = (2 * Math.PI * (dayOfYear - 81)) / 364;
  const equationMinutes = 9.87 * Math.sin(2 * b) - 7.53 * Math.cos(b) - 1.5 * Math.sin(b);
  return {
    base: Math.sin(radians(latitude)) * Math.sin(declination),
    swing: Math.cos(radians(latitude)) * Math.cos(declination),
    noonMs: DAY_MS / 2 - (longitude / 360) * DAY_MS - equationMinutes * 60_000,
  };
}

/** Irradiance under a clear sky for 1000 W/m2 of panel rating (Haurwitz 1945); 0 at night. */
export function clearSky(course: SunCourse, msOfDay: number): number {
  const hourAngle = ((msOfDay - course.noonMs) / DAY_MS) * 2 * Math.PI;
  const sine = course.base + course.swing * Math.cos(hourAngle);
  return sine <= 0 ? 0 : 1.098 * sine * Math.exp(-0.057 / sine);
}

function radians(degrees: number): number {
  return (degrees / 180) * Math.PI;
}
