/** What is known of a device at one time, by metric; what is not told is left out. */
export type Readings = ReadonlyMap<number, Readonly<Record<string, number>>>;

/** A line of alert_rule.csv, as far as readings decide. */
export interface OracleRule {
  readonly rule: string;
  readonly kind: 'below' | 'above' | 'deviates' | 'counter_backwards' | 'stale';
  readonly metric: string;
  readonly reference?: string;
  readonly threshold: number;
  readonly clear: number;
  readonly forMs: number;
  readonly clearForMs: number;
}

/** An alert as alert_interval has it; times in epoch milliseconds, closed null while it is open. */
export interface OracleAlert {
  readonly rule: string;
  readonly metric: string;
  readonly began: number;
  readonly opened: number;
  readonly closed: number | null;
  readonly value: number;
  readonly extreme: number;
  readonly extremeAt: number;
}

interface Reading {
  readonly at: number;
  /** Null where the first reading of a counter has none before it. */
  readonly value: number | null;
}

/** Judges the readings one after the other, as a person would, by another way than the model's. */
export function alertsOf(readings: Readings, rule: OracleRule): OracleAlert[] {
  const times = [...readings.keys()].sort((a, b) => a - b);
  if (rule.kind === 'stale') return silencesOf(times, rule);
  const alerts: OracleAlert[] = [];
  let open: { -readonly [K in keyof OracleAlert]: OracleAlert[K] } | undefined;
  let signal: string | undefined;
  let since = 0;
  for (const { at, value } of valuesOf(readings, times, rule)) {
    const now = signalOf(value, rule);
    if (now !== signal) since = at;
    signal = now;
    if (open === undefined) {
      if (now === 'fire' && at - since >= rule.forMs) {
        open = {
          rule: rule.rule,
          metric: rule.metric,
          began: since,
          opened: at,
          closed: null,
          value: value ?? 0,
          extreme: value ?? 0,
          extremeAt: at,
        };
      }
    } else if (now === 'clear' && at - since >= rule.clearForMs) {
      alerts.push({ ...open, closed: at });
      open = undefined;
    } else if (value !== null && isWorse(value, open.extreme, rule)) {
      open.extreme = value;
      open.extremeAt = at;
    }
  }
  return open === undefined ? alerts : [...alerts, open];
}

function valuesOf(readings: Readings, times: readonly number[], rule: OracleRule): Reading[] {
  const values: Reading[] = [];
  let before: number | undefined;
  for (const at of times) {
    const row = readings.get(at) ?? {};
    const value = row[rule.metric];
    if (value === undefined) continue;
    if (rule.kind === 'counter_backwards') {
      values.push({ at, value: before === undefined ? null : before - value });
      before = value;
    } else if (rule.kind === 'deviates') {
      const reference = row[rule.reference ?? ''];
      if (reference !== undefined) values.push({ at, value: Math.abs(value - reference) });
    } else {
      values.push({ at, value });
    }
  }
  return values;
}

function signalOf(value: number | null, { kind, threshold, clear }: OracleRule): string {
  if (value === null) return 'clear';
  if (kind === 'below') return value < threshold ? 'fire' : value >= clear ? 'clear' : 'between';
  return value > threshold ? 'fire' : value <= clear ? 'clear' : 'between';
}

function isWorse(value: number, than: number, { kind }: OracleRule): boolean {
  return kind === 'below' ? value < than : value > than;
}

/** Silences that are over: the one that goes on is told by the latest reading. */
function silencesOf(times: readonly number[], rule: OracleRule): OracleAlert[] {
  return times.slice(1).flatMap((closed, index) => {
    const began = times[index] as number;
    if (closed - began <= rule.threshold * 1000) return [];
    return [
      {
        rule: rule.rule,
        metric: '',
        began,
        opened: began + rule.threshold * 1000,
        closed,
        value: rule.threshold,
        extreme: (closed - began) / 1000,
        extremeAt: closed,
      },
    ];
  });
}
