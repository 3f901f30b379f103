import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { eventOf, finished } from '../support/processes.js';
import { copyModels, projectFolder } from '../support/project.js';
import { DAY, DEVICE_A, DEVICE_B, HOUR, pairs, T0, writeResponses } from '../support/responses.js';
import {
  createWorkspace,
  ENGINES,
  type Engine,
  type Workspace,
  type WorkspaceOptions,
} from '../support/workspace.js';

interface Result {
  readonly name: string;
  readonly status: string;
  readonly message: string;
  readonly warning?: string;
  readonly hint?: string;
}

interface Planned {
  readonly name: string;
  readonly action: string;
  readonly reasons: readonly string[];
  readonly batches: number;
  readonly documents: number;
  readonly readings: number;
  readonly diskBytes: number;
}

const DAYS = 4;
const iso = (time: number) => new Date(time).toISOString();
const MIDNIGHT = Math.floor(T0 / DAY) * DAY;

/** Lands four days of two devices, a file a device and day, and transforms them. */
async function landFourDays(workspace: Workspace): Promise<void> {
  const project = copyModels(workspace);
  const telemetry = Object.fromEntries(
    [DEVICE_A, DEVICE_B].flatMap((device) =>
      Array.from({ length: DAYS }, (_, day) => [
        `${device}/${day}`,
        {
          BatteryPowerW: pairs(MIDNIGHT + day * DAY, 48, HOUR / 2, (index) => index + day * 100),
          BatteryTemperatureC: pairs(
            MIDNIGHT + day * DAY,
            48,
            HOUR / 2,
            (index) => 20 + index / 10,
          ),
        },
      ]),
    ),
  );
  await workspace.beltOk('land', '--source', writeResponses(workspace, 'in', { telemetry }));
  await workspace.beltOk('transform', '--project-dir', project);
}

const prepared = mkdtempSync(join(tmpdir(), 'belt-days-'));
afterAll(() => rmSync(prepared, { recursive: true, force: true }));

/** A workspace with four days of two devices: on the embedded engine a copy of the first one. */
async function workspaceOfDays(engine: Engine, options: WorkspaceOptions): Promise<Workspace> {
  if (engine === 'server') {
    const workspace = await createWorkspace(engine, options);
    await landFourDays(workspace);
    return workspace;
  }
  const copy = join(prepared, 'workspace');
  if (!existsSync(copy)) {
    const first = await createWorkspace(engine, { direct: true });
    await landFourDays(first);
    cpSync(first.dir, copy, { recursive: true });
  }
  return createWorkspace(engine, { ...options, from: copy });
}

async function fourDays(engine: Engine, options: WorkspaceOptions = {}) {
  const workspace = await workspaceOfDays(engine, options);
  const project = projectFolder(workspace);
  const at = ['--project-dir', project];
  const run = async (...parameters: string[]) => {
    const { code, stdout, stderr } = await workspace.belt(
      'transform',
      ...at,
      '--json',
      ...parameters,
    );
    if (stdout === '') throw new Error(stderr);
    const { results } = JSON.parse(stdout) as { results: Result[] };
    const byName: Record<string, Result | undefined> = Object.fromEntries(
      results.map((result) => [result.name, result]),
    );
    return { code, results, byName };
  };
  const plan = async (...parameters: string[]) => {
    const { code, stdout } = await workspace.belt('plan', ...at, '--json', ...parameters);
    const planned = JSON.parse(stdout) as Planned[];
    return { code, of: (name: string) => planned.find((node) => node.name === name), planned };
  };
  const window = (from: number, to: number) => [
    '--event-time-start',
    iso(MIDNIGHT + from * DAY),
    '--event-time-end',
    iso(MIDNIGHT + to * DAY),
  ];
  return { workspace, project, run, plan, window };
}

function edit(file: string, from: string | RegExp, to: string): void {
  const text = readFileSync(file, 'utf8');
  const changed = text.replace(from, to);
  if (changed === text) throw new Error(`${file} does not hold ${from}`);
  writeFileSync(file, changed);
}

const powers = (workspace: Workspace) =>
  workspace.query(
    `select ts::date::text as day, sum(battery_power_w)::int as sum, count(*)::int as n
      from battery_telemetry group by 1 order by 1`,
  );
const daily = (workspace: Workspace) =>
  workspace.query(
    `select bucket::date::text as day, sum(battery_power_w_mean * battery_power_w_readings)::int as sum, sum(battery_power_w_readings)::int as n
      from battery_daily group by 1 order by 1`,
  );

describe.each(ENGINES)('reprocessing a window on the %s engine', (engine) => {
  test('rebuilds from raw what is in it, in compressed chunks too, and nothing else', async () => {
    const { workspace, project, run, window } = await fourDays(engine, { direct: true });
    const before = await powers(workspace);
    if (engine === 'server') {
      await workspace.execute("select compress_chunk(show_chunks('battery_telemetry'))");
    } else {
      await workspace.beltOk('transform', '--project-dir', project);
    }
    const compressed = () =>
      workspace.query<{ range_start: string; is_compressed: boolean; loose: boolean }>(
        `select range_start::date::text as range_start, is_compressed,
            (status.status & 8) = 8 as loose
          from timescaledb_information.chunks as chunk
          join _timescaledb_catalog.chunk as status
            on status.schema_name = chunk.chunk_schema and status.table_name = chunk.chunk_name
          where hypertable_name = 'battery_telemetry' order by 1`,
      );
    expect((await compressed()).every((chunk) => chunk.is_compressed && !chunk.loose)).toBe(true);
    edit(
      join(project, 'models/telemetry/battery_telemetry.sql'),
      'round(latest.{{ metric.column_name }})',
      'round(-latest.{{ metric.column_name }})',
    );

    const { code, results, byName } = await run(...window(1, 3));
    expect(code).toBe(0);
    expect(results.map(({ name }) => name).sort()).toEqual([
      'alert_interval',
      'battery_daily',
      'battery_hourly',
      'battery_telemetry',
      'latest_reading',
    ]);
    // of 192 rows, all but the zero of the day would change sign; day 1 and 2 begin at 100 and 200
    expect(byName.battery_telemetry?.message).toMatch(/^REPROCESS 192 in \d batch/);
    const expected = before.map((row, index) => ({
      ...row,
      sum: index === 1 || index === 2 ? -Number(row.sum) : row.sum,
    }));
    expect(await powers(workspace)).toEqual(expected);
    expect(await daily(workspace)).toEqual(expected);
    expect((await compressed()).every((chunk) => chunk.is_compressed && !chunk.loose)).toBe(true);

    const again = await run(...window(1, 3));
    expect(again.byName.battery_telemetry?.message).toMatch(/^REPROCESS 0 in /);
  });

  test('takes rows away that raw does not tell, and keeps to odd bounds', async () => {
    const { workspace, project, run } = await fourDays(engine);
    edit(
      join(project, 'models/telemetry/battery_telemetry.sql'),
      "inner join {{ ref('device') }} as device using (device_uuid)",
      "inner join {{ ref('device') }} as device using (device_uuid)\nwhere latest.battery_power_w <> 101",
    );
    const { byName } = await run(
      '--event-time-start',
      iso(MIDNIGHT + DAY + HOUR / 2),
      '--event-time-end',
      iso(MIDNIGHT + DAY + HOUR),
    );
    expect(byName.battery_telemetry?.message).toBe('REPROCESS 2 in 1 batch');
    expect(await workspace.query('select count(*)::int as n from battery_telemetry')).toEqual([
      { n: 2 * 48 * DAYS - 2 },
    ]);
    expect(await workspace.query('select sum(readings)::int as n from battery_daily')).toEqual([
      { n: 2 * 48 * DAYS - 2 },
    ]);
  });

  test('goes on after a failure by belt retry, and by the command of the hint', async () => {
    const { workspace, project, run, window } = await fourDays(engine);
    const before = await powers(workspace);
    const model = join(project, 'models/telemetry/battery_telemetry.sql');
    const good = 'round(latest.{{ metric.column_name }})';
    const bad =
      'round(-latest.{{ metric.column_name }} / (latest.battery_power_w <> 101)::integer)';
    edit(model, good, bad);
    rmSync(join(project, 'target'), { recursive: true });
    const failed = await run(...window(1, 3));
    expect(failed.code).toBe(1);
    expect(failed.byName).toMatchObject({
      battery_telemetry: { status: 'error', message: 'division by zero (SQLSTATE 22012)' },
      latest_reading: { status: 'skipped' },
      battery_hourly: { status: 'skipped' },
      battery_daily: { status: 'skipped' },
    });
    for (const folder of ['compiled', 'run']) {
      const file = `target/${folder}/belt/models/telemetry/battery_telemetry.sql`;
      expect(existsSync(join(project, file))).toBe(true);
    }

    edit(model, bad, 'round(-latest.{{ metric.column_name }})');
    const retried = await workspace.beltOk('retry', '--project-dir', project, '--json');
    const { results } = JSON.parse(retried.stdout) as { results: Result[] };
    expect(results.map(({ name, message }) => `${name} ${message}`).sort()).toEqual([
      expect.stringMatching(/^alert_interval RERUN \d+$/),
      'battery_daily REFRESH 1 window',
      'battery_hourly REFRESH 1 window',
      expect.stringMatching(/^battery_telemetry REPROCESS 192 in \d batch/),
      'latest_reading RERUN 2',
    ]);
    const negative = before.map((row, index) => ({
      ...row,
      sum: index === 1 || index === 2 ? -Number(row.sum) : row.sum,
    }));
    expect(await powers(workspace)).toEqual(negative);
    expect(await daily(workspace)).toEqual(negative);

    edit(model, 'round(-latest.{{ metric.column_name }})', good);
    const [, pasted = ''] =
      /`belt ([^`]+)`/.exec(failed.byName.battery_telemetry?.hint ?? '') ?? [];
    await workspace.beltOk(...pasted.split(' '));
    expect(await powers(workspace)).toEqual(before);
    expect(await daily(workspace)).toEqual(before);
    const only = await run(...window(1, 3), '--select', 'battery_daily');
    expect(only.results.map(({ name, message }) => `${name} ${message}`)).toEqual([
      'battery_daily REFRESH 1 window',
    ]);
  });

  test('fills the history of a new metric, which the aggregates take up', async () => {
    const { workspace, project, run, window } = await fourDays(engine);
    expect(await workspace.query('select vendor_series from unmapped_series')).toEqual([
      { vendor_series: 'BatteryTemperatureC' },
    ]);
    appendFileSync(
      join(project, 'models/seeds/metric_catalog.csv'),
      '15,BatteryTemperatureC,battery_temperature_c,real,°C,1,gauge,-40,100,Temperature of the cells\n',
    );
    const changed = await run();
    expect(changed.code).toBe(0);
    expect(changed.byName.battery_hourly).toMatchObject({ message: 'REBUILD' });
    await run(...window(0, 2));
    const filled = () =>
      workspace.query(
        `select bucket::date::text as day, sum(battery_temperature_c_readings)::int as n
          from battery_daily where battery_temperature_c_readings > 0 group by 1 order by 1`,
      );
    expect(await filled()).toHaveLength(2);
    await run(...window(2, DAYS));
    expect(await filled()).toEqual(
      Array.from({ length: DAYS }, (_, day) => ({
        day: iso(MIDNIGHT + day * DAY).slice(0, 10),
        n: 96,
      })),
    );
    expect(
      await workspace.query(
        'select round(battery_temperature_c::numeric, 1)::text as c from battery_latest',
      ),
    ).toEqual([{ c: '24.7' }, { c: '24.7' }]);
  });

  test('is planned before anything runs, as is every transform', async () => {
    const { workspace, project, plan, run, window } = await fourDays(engine);
    expect((await plan()).planned.filter(({ action }) => action !== 'unchanged')).toEqual([]);
    const more = writeResponses(workspace, 'more', {
      telemetry: {
        [`${DEVICE_A}/9`]: { BatteryPowerW: pairs(MIDNIGHT + 9 * DAY, 10, HOUR, () => 5) },
      },
    });
    await workspace.beltOk('land', '--source', more);
    const pending = await plan();
    expect(pending.of('battery_telemetry')).toMatchObject({
      action: 'update',
      batches: 1,
      documents: 1,
      readings: 10,
      reasons: ['1 new batch'],
    });
    expect(pending.of('battery_telemetry')?.diskBytes).toBeGreaterThan(0);
    expect(pending.of('battery_daily')).toMatchObject({ action: 'refresh' });
    expect(pending.of('battery_alert')).toMatchObject({ action: 'unchanged' });
    await run();
    expect((await plan()).planned.filter(({ action }) => action !== 'unchanged')).toEqual([]);

    edit(
      join(project, 'models/alerting/battery_alert.sql'),
      'alert.threshold,',
      '1.0 * alert.threshold as threshold,',
    );
    edit(
      join(project, 'models/history/battery_hourly.sql'),
      "retention_policy='20 years'",
      "retention_policy='21 years'",
    );
    edit(
      join(project, 'models/history/battery_daily.sql'),
      'sum(readings)::bigint as readings',
      'sum(readings)::bigint as readings, max(bucket) as last_hour',
    );
    const changed = await plan();
    expect(changed.of('battery_alert')).toMatchObject({
      action: 'replace',
      reasons: ['SQL changed'],
    });
    expect(changed.of('battery_hourly')).toMatchObject({
      action: 'alter',
      reasons: ['config changed'],
    });
    expect(changed.of('battery_daily')).toMatchObject({ action: 'rebuild' });
    expect(changed.code).toBe(0);
    const ofWindow = await plan(...window(0, 2));
    expect(ofWindow.planned.map(({ name, action }) => `${action} ${name}`).sort()).toEqual([
      'rebuild battery_telemetry',
      'refresh battery_daily',
      'refresh battery_hourly',
      'update alert_interval',
      'update latest_reading',
    ]);
    expect(ofWindow.of('battery_telemetry')).toMatchObject({ documents: 4, readings: 384 });
    const full = await plan('--full-refresh', '--select', 'battery_telemetry+');
    expect(full.of('battery_telemetry')).toMatchObject({ action: 'rebuild', batches: 2 });
  });

  test('refuses a change that would lose data, but with --full-refresh', async () => {
    const { workspace, project, plan, run } = await fourDays(engine);
    const hourly = join(project, 'models/history/battery_hourly.sql');
    edit(hourly, 'sum(num_nonnulls(', '1::bigint as one, sum(num_nonnulls(');
    // raw was thinned out: what the aggregate keeps of the first day can't be made again
    const first = `delete from battery_telemetry where ts < '${iso(MIDNIGHT + DAY)}'`;
    await workspace.execute(first);
    const refused = await plan();
    expect(refused.code).toBe(1);
    expect(refused.of('battery_hourly')).toMatchObject({ action: 'refused' });
    expect(refused.of('battery_hourly')?.reasons.join()).toContain('would lose the buckets');
    const kept = await run();
    expect(kept.byName.battery_hourly?.warning).toContain('would lose the buckets');
    expect(
      await workspace.query('select count(distinct bucket)::int as n from battery_daily'),
    ).toEqual([{ n: DAYS }]);
    edit(
      join(project, 'models/telemetry/battery_telemetry.sql'),
      "unique_key=['device_id', 'ts']",
      "unique_key=['ts', 'device_id']",
    );
    const wrong = await run('--select', 'battery_telemetry');
    expect(wrong.code).toBe(1);
    expect(wrong.byName.battery_telemetry?.message).toContain('unique_key');
    expect((await run('--full-refresh', '--select', 'battery_telemetry')).code).toBe(0);
    expect(await workspace.query('select count(*)::int as n from battery_telemetry')).toEqual([
      { n: 2 * 48 * DAYS },
    ]);
  });
});

test.each(ENGINES)('a window that was killed goes on where it was (%s)', async (engine) => {
  const workspace = await createWorkspace(engine, { direct: true });
  const project = copyModels(workspace);
  const telemetry = Object.fromEntries(
    // as many readings as are rebuilt together, so that each day is a batch; but of a few times
    [100, 1_000_000].map((length, day) => [
      `${DEVICE_A}/${day}`,
      {
        BatteryPowerW: Array.from({ length }, (_, index) => [
          MIDNIGHT + day * DAY + (index % 100) * 60_000,
          index % 100,
        ]),
      },
    ]),
  );
  const model = join(project, 'models/telemetry/battery_telemetry.sql');
  edit(model, "chunk_time_interval='auto'", "chunk_time_interval='1 day'");
  await workspace.beltOk('land', '--source', writeResponses(workspace, 'in', { telemetry }));
  const at = ['--project-dir', project];
  await workspace.beltOk('transform', ...at);
  edit(
    join(project, 'models/telemetry/battery_telemetry.sql'),
    'round(latest.{{ metric.column_name }})',
    'round(-latest.{{ metric.column_name }})',
  );
  const window = ['--event-time-start', iso(MIDNIGHT), '--event-time-end', iso(MIDNIGHT + 2 * DAY)];
  const child = workspace.spawnBelt('--log-format', 'json', 'transform', ...at, ...window);
  const end = finished(child);
  await eventOf(child, ({ event }) => event === 'progress');
  child.kill('SIGKILL');
  await end;
  const resumed = await workspace.beltOk('transform', ...at, ...window, '--json');
  const { results } = JSON.parse(resumed.stdout) as { results: Result[] };
  // it was killed in the second batch, which takes seconds; of its hundred rows one is zero
  expect(results.find(({ name }) => name === 'battery_telemetry')?.message).toBe(
    'REPROCESS 99 in 2 batches, 1 of them done before',
  );
  expect(
    await workspace.query(
      'select max(battery_power_w)::int as max, min(battery_power_w)::int as min, count(*)::int as n from battery_telemetry',
    ),
  ).toEqual([{ max: 0, min: -99, n: 200 }]);
  expect(
    await workspace.query(
      'select max(battery_power_w_max)::int as max, sum(readings)::int as n from battery_daily',
    ),
  ).toEqual([{ max: 0, n: 200 }]);
});
