import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { describe, expect, test } from 'vitest';
import { createFolder, type Folder } from '../support/folder.js';
import { eventOf, finished } from '../support/processes.js';
import { createWorkspace } from '../support/workspace.js';

type Pair = readonly [number, number];
type Device = Map<string, Pair[]>;

const DAY = ['--from', '2025-06-05', '--to', '2025-06-06'];
const TIMES = [...DAY, '--cadence', '1m'];
const SMALL = ['--devices', '3', ...DAY, '--cadence', '5m'];

interface Summary {
  readonly responses: number;
  readonly readings: number;
  readonly faults: Readonly<Record<string, number>>;
}

async function simulate(folder: Pick<Folder, 'belt'>, ...parameters: string[]): Promise<Summary> {
  const { code, stdout, stderr } = await folder.belt('simulate', '--json', ...parameters);
  if (code !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as Summary;
}

function files(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.json'))
    .sort();
}

function digest(folder: string): string {
  const hash = createHash('sha256');
  for (const name of files(folder)) hash.update(name).update(readFileSync(join(folder, name)));
  return hash.digest('hex');
}

/** The series of each device, its responses one after another. */
function read(folder: string): Map<string, Device> {
  const devices = new Map<string, Device>();
  for (const name of files(join(folder, 'telemetry'))) {
    const id = name.slice(0, 36);
    const device: Device = devices.get(id) ?? new Map();
    devices.set(id, device);
    const { series } = JSON.parse(readFileSync(join(folder, 'telemetry', name), 'utf8')) as {
      series: { name: string; data: Pair[] }[];
    };
    for (const one of series) device.set(one.name, [...(device.get(one.name) ?? []), ...one.data]);
  }
  return devices;
}

function truth(file: string): Record<string, string>[] {
  return parse(readFileSync(file), { columns: true }) as Record<string, string>[];
}

/** Watt-hours of a power from each reading to the next one, as a meter adds them up. */
function integrate(power: readonly Pair[], sign: 1 | -1): number[] {
  let wattHours = 0;
  return power.map(([at, watts], index) => {
    const before = wattHours;
    const next = power[index + 1]?.[0] ?? at;
    wattHours += (Math.max(0, sign * watts) * (next - at)) / 3_600_000;
    return before;
  });
}

/** Six devices of three days, with their truth. */
async function fleet(): Promise<{ devices: Map<string, Device>; days: Record<string, string>[] }> {
  const folder = createFolder();
  await simulate(
    folder,
    ...['--devices', '6', '--from', '2025-06-05', '--to', '2025-06-08', '--cadence', '1m'],
    ...['--series', 'all', '--out', 'fleet', '--truth', 'fleet/truth.csv'],
  );
  return {
    devices: read(join(folder.dir, 'fleet')),
    days: truth(join(folder.dir, 'fleet', 'truth.csv')),
  };
}

describe('a fleet without faults', () => {
  test('counters integrate powers to the meters resolution, and all powers balance', async () => {
    const { devices } = await fleet();
    const meters = [
      ['BatteryPowerW', 'BatteryExportKwh', 'BatteryImportKwh'],
      ['GridPowerW-mainmeter', 'GridImportKwh-mainmeter', 'GridExportKwh-mainmeter'],
      ['GridPowerW-submeter', 'GridImportKwh-submeter', 'GridExportKwh-submeter'],
      ['GeneratedPowerW', 'GeneratedExportKwh', undefined],
    ] as const;
    expect(devices.size).toBe(6);
    for (const device of devices.values()) {
      const of = (name: string) => device.get(name) ?? [];
      for (const [power, positive, negative] of meters) {
        for (const [counter, sign] of [[positive, 1] as const, [negative, -1] as const]) {
          if (counter === undefined) continue;
          const shown = of(counter).map(([, kWh]) => kWh * 1000);
          const exact = integrate(of(power), sign);
          const errors = shown.map((wh, index) => wh - (shown[0] ?? 0) - (exact[index] ?? 0));
          // two readings of a meter that shows 10 Wh
          expect(Math.max(...errors.map(Math.abs))).toBeLessThan(10.001);
        }
      }
      of('GridPowerW-mainmeter').forEach(([at, grid], index) => {
        const [[, battery], [pvAt, pv], [, sub]] = [
          of('BatteryPowerW')[index] as Pair,
          of('GeneratedPowerW')[index] as Pair,
          of('GridPowerW-submeter')[index] as Pair,
        ];
        expect(pvAt).toBe(at);
        expect(sub).toBe(-battery - pv || 0);
        expect(grid + battery + pv).toBeGreaterThanOrEqual(0);
        expect(pv).toBeGreaterThanOrEqual(0);
      });
    }
  });

  test('the state of charge follows from the power, and the truth tells how', async () => {
    const { devices, days } = await fleet();
    expect(days.length).toBe(6 * 3);
    for (const [id, device] of devices) {
      const own = days.filter((day) => day.device_uuid === id);
      const power = device.get('BatteryPowerW') ?? [];
      const grid = device.get('GridPowerW-mainmeter') ?? [];
      const pv = device.get('GeneratedPowerW') ?? [];
      const soc = device.get('StateOfChargePercentage') ?? [];
      let cells = 0;
      let capacity = Number.POSITIVE_INFINITY;
      own.forEach((day, index) => {
        const tells = (name: string) => Number(day[name]);
        const perDay = power.length / 3;
        const range = [index * perDay, (index + 1) * perDay] as const;
        const load = power
          .slice(...range)
          .reduce(
            (sum, [, watts], at) =>
              sum + watts + (grid[range[0] + at]?.[1] ?? 0) + (pv[range[0] + at]?.[1] ?? 0),
            0,
          );
        expect(Math.abs(load / 60 - tells('load_wh'))).toBeLessThan(0.01);
        expect(tells('capacity_wh')).toBeLessThan(capacity);
        capacity = tells('capacity_wh');
        const oneWay = Math.sqrt(tells('round_trip_efficiency'));
        const start = soc[range[0]]?.[1] ?? 0;
        cells = 0;
        for (let at = range[0]; at < range[1]; at++) {
          const watts = power[at]?.[1] ?? 0;
          const shown = soc[at]?.[1] ?? 0;
          expect(shown).toBeGreaterThanOrEqual(0);
          expect(shown).toBeLessThanOrEqual(100);
          expect(Math.abs(shown - start - (cells / capacity) * 100)).toBeLessThan(1.01);
          cells -= watts > 0 ? watts / 60 / oneWay : (watts / 60) * oneWay;
        }
        const cycled = (tells('charged_wh') * oneWay + tells('discharged_wh') / oneWay) / 2;
        const before = own[index - 1]?.equivalent_full_cycles;
        if (before !== undefined) {
          const cycles = tells('equivalent_full_cycles') - Number(before);
          expect(Math.abs(cycles - cycled / tells('nominal_capacity_wh'))).toBeLessThan(0.001);
        }
      });
    }
  });
});

test('the same seed gives the same bytes, another one others; chunks change no reading', async () => {
  const folder = createFolder();
  const faults = ['--faults', 'overlap=0.2,late=0.1,correct=0.01,null=0.01,html=0.05,unlisted=0.3'];
  await simulate(folder, ...SMALL, ...faults, '--out', 'one');
  await simulate(folder, ...SMALL, ...faults, '--out', 'two');
  await simulate(folder, ...SMALL, ...faults, '--seed', 'other', '--out', 'three');
  await simulate(folder, ...SMALL, '--chunk', '15m', '--out', 'short');
  await simulate(folder, ...SMALL, '--chunk', '1d', '--out', 'long');
  const at = (name: string) => join(folder.dir, name);
  expect(digest(at('one'))).toBe(digest(at('two')));
  expect(digest(at('one'))).not.toBe(digest(at('three')));
  expect(files(at('short')).length).toBeGreaterThan(files(at('long')).length);
  expect(read(at('short'))).toEqual(read(at('long')));
});

test('repeated, corrected and late readings come to what a fleet without faults tells', async () => {
  const workspace = await createWorkspace('embedded');
  await simulate(workspace, ...SMALL, '--out', 'clean');
  const { faults } = await simulate(
    workspace,
    ...SMALL,
    ...['--faults', 'overlap=0.3,correct=0.05,late=0.2', '--out', 'set'],
  );
  expect(Math.min(faults.overlap ?? 0, faults.correct ?? 0, faults.late ?? 0)).toBeGreaterThan(5);
  await workspace.beltOk('start', '--source', 'set');
  const rows = await workspace.query<{ id: string; name: string; data: Pair[] }>(
    `select device_uuid as id, series as name,
        jsonb_agg(jsonb_build_array((extract(epoch from ts) * 1000)::bigint, value) order by ts) as data
      from battery_reading group by 1, 2`,
  );
  const told = new Map<string, Device>();
  for (const { id, name, data } of rows) {
    told.set(id, (told.get(id) ?? new Map()).set(name, data));
  }
  expect(told).toEqual(read(join(workspace.dir, 'clean')));
});

test('what is wrong with readings is found in them, as often as the summary says', async () => {
  const workspace = await createWorkspace('embedded');
  const { faults, readings } = await simulate(
    workspace,
    ...['--devices', '6', ...DAY, '--cadence', '5m', '--out', 'set'],
    ...[
      '--faults',
      'null=0.01,string=0.01,range=0.01,seconds=0.1,unknown=0.5,unlisted=0.4,reset=0.1',
    ],
  );
  await workspace.beltOk('start', '--source', 'set');
  const [landed] = await workspace.query<{ readings: number }>(
    'select sum(readings)::int as readings from raw.telemetry_response',
  );
  expect(landed?.readings).toBe(readings);
  const rejects = await workspace.query<{ reason: string; element: string }>(
    'select reason, element::text from telemetry_reject',
  );
  const rejected = (reason: string) => rejects.filter((one) => one.reason === reason);
  const inMs = (element: string) => /^\[\d{13}, /.test(element);
  // of a response in seconds, each reading is rejected for its time, whatever its value
  const early = rejected('timestamp_before_2000');
  expect(early.length).toBeGreaterThan(0);
  expect(early.some(({ element }) => inMs(element))).toBe(false);
  const put = (faults.null ?? 0) + (faults.string ?? 0) + (faults.range ?? 0);
  const broken = early.filter(({ element }) =>
    /null|"|6553\.5|-1\]|-0\.01|2147483|4294967295/.test(element),
  );
  expect(rejected('value_not_a_number').length + rejected('value_out_of_range').length).toBe(
    put - broken.length,
  );
  const [seen] = await workspace.query(`select
    (select count(distinct device_uuid)::int from raw.telemetry_response
      where exists (select from jsonb_array_elements(body -> 'series') as series
        where series ->> 'name' in (select vendor_series from unmapped_series))) as unknown,
    (select count(*)::int from asset where description is null) as unlisted`);
  expect(seen).toEqual({ unknown: faults.unknown, unlisted: faults.unlisted });
  expect(faults.reset).toBeGreaterThan(0);
});

test('broken files are refused, each for its reason, and the rest is landed', async () => {
  const workspace = await createWorkspace('embedded');
  const { faults, responses } = await simulate(
    workspace,
    ...['--devices', '8', ...DAY, '--cadence', '15m', '--out', 'set'],
    ...['--faults', 'truncated=0.05,html=0.05,duplicate=0.05,nul=0.05,offline=0.05'],
  );
  await workspace.beltOk('land', '--source', 'set');
  const refused = await workspace.query<{ reason: string; files: number }>(
    'select reason, count(*)::int as files from raw.rejected_response group by reason',
  );
  const count = (reason: string) => refused.find((one) => one.reason === reason)?.files;
  expect(count('truncated')).toBe(faults.truncated);
  expect(count('duplicate_key')).toBe(faults.duplicate);
  expect(count('nul_character')).toBe(faults.nul);
  expect(refused.reduce((sum, one) => sum + one.files, 0)).toBe(
    ['truncated', 'html', 'duplicate', 'nul'].reduce((sum, name) => sum + (faults[name] ?? 0), 0),
  );
  // a device that is offline all hour has no response
  expect(responses).toBeLessThan(8 * 24);
});

test('wrong usage is refused, with what to do', async () => {
  const folder = createFolder();
  const wrong: [string[], string][] = [
    [['--faults', 'overlaps=0.1'], 'The faults are overlap, correct, late,'],
    [['--faults', 'late=2'], 'no rate from 0 to 1'],
    [['--faults', 'late'], 'no rate from 0 to 1'],
    [['--to', '2025-06-05'], '--to is not after --from'],
    [['--from', 'yesterday'], 'such as 2025-02-06'],
    [['--cadence', '4'], 'such as 4s, 15m, 1h, 1d'],
    [['--cadence', '7s'], 'no whole number of cadences'],
    [['--devices', '0'], 'whole number from 1'],
    [['--cadence', '1s', '--chunk', '10d'], 'Take a shorter --chunk'],
  ];
  await Promise.all(
    wrong.map(async ([parameters, message]) => {
      const result = await folder.belt('simulate', ...SMALL, '--out', 'set', ...parameters);
      expect(result.stderr).toContain(message);
      expect(result.code).toBe(2);
    }),
  );
  mkdirSync(join(folder.dir, 'used'));
  writeFileSync(join(folder.dir, 'used', 'mine.txt'), 'mine');
  const used = await folder.belt('simulate', ...SMALL, '--out', 'used');
  expect(used.stderr).toContain('used is not empty');
  expect(used.code).toBe(2);
  expect(readdirSync(join(folder.dir, 'used'))).toEqual(['mine.txt']);
  expect(existsSync(join(folder.dir, 'set'))).toBe(false);
});

test('Ctrl-C leaves nothing behind', async () => {
  const folder = createFolder();
  const before = readdirSync(folder.dir);
  const child = folder.spawnBelt(
    ...['--log-format', 'json', 'simulate', '--devices', '100000', ...TIMES],
    ...['--out', 'set', '--truth', 'truth.csv'],
  );
  const end = finished(child);
  await eventOf(child, ({ event }) => event === 'progress');
  expect(readdirSync(folder.dir).filter((name) => name.includes('partial'))).toHaveLength(1);
  child.kill('SIGINT');
  const { code, stderr } = await end;
  expect(code).toBe(130);
  expect(stderr).toContain('Interrupted: nothing was written.');
  expect(readdirSync(folder.dir)).toEqual(before);
});
