import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createRandom, randomUuid } from '../../src/simulator/random.js';
import { alertsOf, type OracleRule } from '../support/alert-oracle.js';
import { copyModels } from '../support/project.js';
import { T0, writeResponses } from '../support/responses.js';
import { createWorkspace, ENGINES, type Engine, type Workspace } from '../support/workspace.js';

const MINUTE = 60_000;

/** Vendor's series, the column of each, and what its values are multiplied by. */
const SERIES = {
  StateOfChargePercentage: ['state_of_charge_percent', 1],
  BatteryPowerW: ['battery_power_w', 1],
  PowerSetpointW: ['power_setpoint_w', 1],
  BatteryImportKwh: ['battery_import_wh', 1000],
} as const;

type SeriesName = keyof typeof SERIES;

const NAMES = Object.keys(SERIES) as SeriesName[];

const RULES: readonly OracleRule[] = [
  rule('low', 'below', 'state_of_charge_percent', 20, 22, 0, 0),
  rule('low_for_long', 'below', 'state_of_charge_percent', 20, 21, 5, 12),
  rule('full', 'above', 'state_of_charge_percent', 23, 22, 2, 0),
  {
    ...rule('not_followed', 'deviates', 'battery_power_w', 10_000, 8000, 15, 5),
    reference: 'power_setpoint_w',
  },
  rule('backwards', 'counter_backwards', 'battery_import_wh', 0, 0, 0, 60),
  rule('silent', 'stale', '', 900, 900, 0, 0),
];

/** What holds for every fifth device in place of the first line. */
const OVERRIDE: OracleRule = rule('low', 'below', 'state_of_charge_percent', 19, 19, 1, 3);

function rule(
  name: string,
  kind: OracleRule['kind'],
  metric: string,
  threshold: number,
  clear: number,
  forMinutes: number,
  clearForMinutes: number,
): OracleRule {
  return {
    rule: name,
    kind,
    metric,
    threshold,
    clear,
    forMs: forMinutes * MINUTE,
    clearForMs: clearForMinutes * MINUTE,
  };
}

function seedLine(rule: OracleRule, devices: string, enabled = true): string {
  const isStale = rule.kind === 'stale';
  return [
    rule.rule,
    rule.kind,
    rule.metric,
    rule.reference ?? '',
    rule.threshold,
    isStale ? '' : rule.clear,
    rule.forMs / 1000,
    rule.clearForMs / 1000,
    'warning',
    devices,
    enabled,
  ].join(',');
}

interface Device {
  readonly id: string;
  readonly rules: readonly OracleRule[];
}

interface Response {
  readonly device: string;
  readonly name: string;
  readonly series: Record<SeriesName, [number, number][]>;
}

/** Batteries that hover, dip, fall silent, are reset and do not follow: told late, twice and wrong. */
function simulate(seed: string, devices: readonly Device[], batches: number): Response[][] {
  const random = createRandom(seed);
  const below = (count: number) => Math.floor(random() * count);
  const landed: Response[][] = Array.from({ length: batches }, () => []);
  for (const [at, { id }] of devices.entries()) {
    // of some devices each series has times of its own
    const offsets = NAMES.map(() => (at % 3 === 0 ? below(30) * 1000 : 0));
    const hours = 3 + below(4);
    let level = 21;
    let counter = 1000;
    const truth = Array.from({ length: hours * 60 }, () => {
      level = Math.min(26, Math.max(16, level + (random() - 0.5) * 2));
      counter = Math.max(5, counter + (random() < 0.01 ? -below(900) : below(3)));
      return [
        random() < 0.02 ? 4 : Math.round(level * 2) / 2,
        random() < 0.9 ? 15_000 : below(20_000),
        Math.floor(hours / 2) % 2 === 0 && random() < 0.97 ? 0 : 9000,
        counter,
      ];
    });
    const response = (from: number, to: number, wrong: number): Response['series'] => {
      const series = Object.fromEntries(
        NAMES.map((name) => [name, []]),
      ) as unknown as Response['series'];
      for (let minute = Math.max(0, from); minute < Math.min(to, truth.length); minute++) {
        NAMES.forEach((name, index) => {
          if (random() < 0.05) return;
          const told = (truth[minute]?.[index] ?? 0) + (random() < wrong ? below(7) - 3 : 0);
          series[name].push([T0 + minute * MINUTE + (offsets[index] ?? 0), told]);
        });
      }
      return series;
    };
    let minute = 0;
    let part = 0;
    while (minute < truth.length) {
      const length = 1 + below(50);
      // most come in order, some at any time, some a second time
      const inOrder = Math.min(batches - 1, Math.floor((minute / truth.length) * batches));
      const again = random() < 0.4 ? 2 : 1;
      for (let time = 0; time < again; time++) {
        const batch = random() < 0.7 ? inOrder : below(batches);
        landed[batch]?.push({
          device: id,
          name: `${id}/${String(part++).padStart(4, '0')}`,
          series: response(minute - below(10), minute + length, 0.1),
        });
      }
      minute += length + (random() < 0.15 ? below(45) : 0);
    }
  }
  return landed;
}

/** The readings that are known at the end: a later response wins, value by value. */
function knownReadings(device: string, landed: readonly (readonly Response[])[]) {
  const known = new Map<number, Record<string, number>>();
  for (const batch of landed) {
    const own = batch.filter((response) => response.device === device);
    for (const { series } of own.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      for (const name of NAMES) {
        const [column, scale] = SERIES[name];
        for (const [at, value] of series[name]) {
          known.set(at, { ...known.get(at), [column]: Math.fround(value) * scale });
        }
      }
    }
  }
  return known;
}

const STORED = `
  select device_uuid, rule, metric, (extract(epoch from began_at) * 1000)::bigint as began,
    (extract(epoch from opened_at) * 1000)::bigint as opened,
    case when closed_at < 'infinity' then (extract(epoch from closed_at) * 1000)::bigint end as closed,
    round(value::numeric, 3) as value, round(extreme::numeric, 3) as extreme,
    (extract(epoch from extreme_at) * 1000)::bigint as "extremeAt"
  from alert_interval join device using (device_id)
  where withdrawn_at is null and kind not in ('missing', 'clock_ahead')
  order by device_uuid, rule, metric, opened_at`;

const LATEST = `
  select device_uuid, (extract(epoch from read_at) * 1000)::bigint as at, state_of_charge_percent as charge,
    (extract(epoch from state_of_charge_percent_at) * 1000)::bigint as charge_at, battery_power_w as power
  from battery_latest join device using (device_id) order by 1`;

function expectedAlerts(devices: readonly Device[], landed: readonly (readonly Response[])[]) {
  return devices
    .flatMap(({ id, rules }) => {
      const known = knownReadings(id, landed);
      return rules.flatMap((each) =>
        alertsOf(known, each).map((alert) => ({ device_uuid: id, ...alert })),
      );
    })
    .sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}

function keyOf(alert: {
  device_uuid: string;
  rule: string;
  metric: string;
  opened: number;
}): string {
  return [alert.device_uuid, alert.rule, alert.metric, alert.opened].join(' ');
}

function expectedLatest(devices: readonly Device[], landed: readonly (readonly Response[])[]) {
  return devices
    .map(({ id }) => {
      const rows = [...knownReadings(id, landed)].sort(([a], [b]) => b - a);
      const latest = (column: string) => rows.find(([, row]) => row[column] !== undefined);
      const charge = latest('state_of_charge_percent');
      return {
        device_uuid: id,
        at: rows[0]?.[0],
        charge: charge?.[1].state_of_charge_percent,
        charge_at: charge?.[0],
        power: latest('battery_power_w')?.[1].battery_power_w,
      };
    })
    .sort((a, b) => (a.device_uuid < b.device_uuid ? -1 : 1));
}

/** Belt's own models with the rules of this test. */
function projectOf(workspace: Workspace, devices: readonly Device[]): string {
  const project = copyModels(workspace);
  const file = join(project, 'models/seeds/alert_rule.csv');
  const [header = ''] = readFileSync(file, 'utf8').split('\n');
  const overridden = devices.filter(({ rules }) => rules.includes(OVERRIDE));
  const lines = [
    header,
    ...RULES.map((each) => seedLine(each, 'all')),
    seedLine(OVERRIDE, overridden.map(({ id }) => id).join(' ')),
    seedLine(RULES[2] as OracleRule, 'Quiet*', false),
  ];
  writeFileSync(file, `${lines.join('\n')}\n`);
  return project;
}

const SIZES: Readonly<Record<Engine, { devices: number; batches: number }>> = {
  server: { devices: Number(process.env.BELT_REPLAY_DEVICES ?? 60), batches: 6 },
  embedded: { devices: 15, batches: 4 },
};

test.each(ENGINES)(
  'alerts are those of the readings that are known at the end, whatever the batches (%s)',
  async (engine) => {
    const { devices: count, batches } = SIZES[engine];
    const seed = process.env.BELT_REPLAY_SEED ?? 'replay';
    const ids = createRandom(`${seed} ids`);
    const devices = Array.from({ length: count }, (_, at): Device => {
      const rules = at % 5 === 4 ? [OVERRIDE, ...RULES.slice(1)] : RULES;
      return {
        id: randomUuid(ids),
        rules: at % 7 === 6 ? rules.filter(({ rule: name }) => name !== 'full') : rules,
      };
    });
    const landed = simulate(seed, devices, batches);
    const workspace = await createWorkspace(engine);
    const project = ['--project-dir', projectOf(workspace, devices)];
    for (const [index, responses] of landed.entries()) {
      const source = writeResponses(workspace, `in-${index}`, {
        // the name comes with the third batch, and with it another rule
        assets: devices.map(({ id }, at) => ({
          deviceId: id,
          description: at % 7 === 6 && index >= 2 ? `Quiet ${at}` : `Site ${at}`,
          state: 'Ok',
        })),
        telemetry: Object.fromEntries(responses.map(({ name, series }) => [name, series])),
      });
      await workspace.beltOk('land', '--source', source);
      if (index === 3) {
        const window = [new Date(T0).toISOString(), new Date(T0 + 120 * MINUTE).toISOString()];
        const times = ['--event-time-start', window[0] ?? '', '--event-time-end', window[1] ?? ''];
        await workspace.beltOk('transform', ...times, ...project);
      }
      // now and then two batches at once
      if (index % 3 !== 1) await workspace.beltOk('transform', ...project);
    }
    await workspace.beltOk('transform', ...project);
    const expected = expectedAlerts(devices, landed);
    expect(expected.length).toBeGreaterThan(count * 5);
    expect(await workspace.query(STORED)).toEqual(expected);
    expect(await workspace.query(LATEST)).toEqual(expectedLatest(devices, landed));
    await workspace.beltOk('transform', '--full-refresh', ...project);
    expect(await workspace.query(STORED)).toEqual(expected);
    expect(await workspace.query(LATEST)).toEqual(expectedLatest(devices, landed));
  },
  300_000,
);
