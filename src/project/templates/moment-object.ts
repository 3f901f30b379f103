import { TemplateObject } from '../../jinja/python/values.js';

const MONTHS =
  'January February March April May June July August September October November December'.split(
    ' ',
  );
const DAYS = 'Sunday Monday Tuesday Wednesday Thursday Friday Saturday'.split(' ');

const two = (value: number) => String(value).padStart(2, '0');

const CODES: Readonly<Record<string, (date: Date) => string>> = {
  Y: (date) => String(date.getUTCFullYear()),
  y: (date) => two(date.getUTCFullYear() % 100),
  m: (date) => two(date.getUTCMonth() + 1),
  d: (date) => two(date.getUTCDate()),
  H: (date) => two(date.getUTCHours()),
  M: (date) => two(date.getUTCMinutes()),
  S: (date) => two(date.getUTCSeconds()),
  f: (date) => `${String(date.getUTCMilliseconds()).padStart(3, '0')}000`,
  B: (date) => MONTHS[date.getUTCMonth()] ?? '',
  b: (date) => (MONTHS[date.getUTCMonth()] ?? '').slice(0, 3),
  A: (date) => DAYS[date.getUTCDay()] ?? '',
  a: (date) => (DAYS[date.getUTCDay()] ?? '').slice(0, 3),
  j: (date) =>
    String(
      Math.floor((date.getTime() - Date.UTC(date.getUTCFullYear(), 0, 1)) / 86_400_000) + 1,
    ).padStart(3, '0'),
  s: (date) => String(Math.floor(date.getTime() / 1000)),
  z: () => '+0000',
  Z: () => 'UTC',
  '%': () => '%',
};

/** A time in UTC, with what dbt's models ask of Python's datetime. */
export class TemplateMoment extends TemplateObject {
  private readonly date: Date;

  constructor(date: Date) {
    super();
    this.date = date;
  }

  override member(name: string): unknown {
    const { date } = this;
    const members: Readonly<Record<string, unknown>> = {
      strftime: ([format]: readonly unknown[]) => this.format(String(format)),
      isoformat: () => this.toString().replace(' ', 'T'),
      timestamp: () => date.getTime() / 1000,
      date: () => this.format('%Y-%m-%d'),
      year: date.getUTCFullYear(),
      month: date.getUTCMonth() + 1,
      day: date.getUTCDate(),
      hour: date.getUTCHours(),
    };
    return Object.hasOwn(members, name) ? members[name] : undefined;
  }

  private format(format: string): string {
    return format.replace(/%(.)/g, (whole, code: string) => CODES[code]?.(this.date) ?? whole);
  }

  override toString(): string {
    return this.format('%Y-%m-%d %H:%M:%S.%f+00:00');
  }
}
