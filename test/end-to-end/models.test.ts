import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { copyModels } from '../support/project.js';
import {
  type Asset,
  DAY,
  DEVICE_A,
  DEVICE_B,
  DEVICE_C,
  HOUR,
  pairs,
  type Series,
  T0,
  telemetryJson,
  writeResponses,
} from '../support/responses.js';
import { createWorkspace, ENGINES, execute, type Workspace } from '../support/workspace.js';

const iso = (ms: number) => new Date(ms).toISOString();

/** Lands one response set and transforms it. */
async function load(
  workspace: Workspace,
  set: { assets?: Asset[]; telemetry?: Record<string, Series> },
): Promise<string> {
  const source = writeResponses(workspace, `in-${Math.random()}`, set);
  await workspace.beltOk('land', '--source', source);
  return (await workspace.beltOk('transform')).stdout;
}

/** All that the models hold, for comparison. */
async function contents(workspace: Workspace): Promise<unknown> {
  const tables = [
    'battery_telemetry',
    'battery_latest',
    'asset_history',
    'battery_hourly',
    'battery_daily',
    'telemetry_reject',
    'unmapped_series',
  ];
  const sums = tables.map(
    (table) =>
      `(select jsonb_agg(to_jsonb(t) order by to_jsonb(t)) from ${table} as t) as ${table}`,
  );
  return (await workspace.query(`select ${sums.join(', ')}`))[0];
}

/** Hours and days as the readings give them, beside what the aggregates hold. */
async function aggregateDifferences(workspace: Workspace): Promise<unknown[]> {
  return workspace.query(`
    with hour as (
      select device_id, time_bucket('1 hour', ts) as bucket,
        min(state_of_charge_percent) as soc_min, max(state_of_charge_percent) as soc_max,
        avg(state_of_charge_percent) as soc_mean,
        (array_agg(state_of_charge_percent order by ts desc) filter (where state_of_charge_percent is not null))[1] as soc_last,
        avg(battery_power_w)::float8 as power_mean, max(battery_power_w) as power_max,
        (array_agg(battery_import_wh order by ts) filter (where battery_import_wh is not null))[1] as import_first,
        (array_agg(battery_import_wh order by ts desc) filter (where battery_import_wh is not null))[1] as import_last,
        sum(num_nonnulls(state_of_charge_percent, battery_power_w, battery_import_wh))::bigint as readings
      from battery_telemetry group by 1, 2
    ),
    day as (
      select device_id, time_bucket('1 day', ts) as bucket,
        min(state_of_charge_percent) as soc_min, avg(state_of_charge_percent)::numeric(12, 6) as soc_mean,
        avg(battery_power_w)::numeric(12, 6) as power_mean,
        sum(num_nonnulls(state_of_charge_percent, battery_power_w, battery_import_wh))::bigint as readings
      from battery_telemetry group by 1, 2
    ),
    stored_hour as (
      select device_id, bucket, state_of_charge_percent_min, state_of_charge_percent_max,
        state_of_charge_percent_mean, state_of_charge_percent_last, battery_power_w_mean,
        battery_power_w_max, battery_import_wh_first, battery_import_wh_last, readings
      from battery_hourly
    ),
    stored_day as (
      select device_id, bucket, state_of_charge_percent_min, state_of_charge_percent_mean::numeric(12, 6),
        battery_power_w_mean::numeric(12, 6), readings
      from battery_daily
    )
    select 'hour missing' as what, to_jsonb(t) as row from (select * from hour except select * from stored_hour) as t
    union all
    select 'hour extra', to_jsonb(t) from (select * from stored_hour except select * from hour) as t
    union all
    select 'day missing', to_jsonb(t) from (select * from day except select * from stored_day) as t
    union all
    select 'day extra', to_jsonb(t) from (select * from stored_day except select * from day) as t`);
}

describe.each(ENGINES)('the models on the %s engine', (engine) => {
  test('give every reading back as it came, and change nothing when run again', async () => {
    const workspace = await createWorkspace(engine);
    const telemetry: Record<string, Series> = {
      [DEVICE_A]: {
        StateOfChargePercentage: pairs(T0, 15, 4000, (index) => 95 - index),
        BatteryPowerW: pairs(T0, 15, 4000, (index) => 1350 - 7 * index),
        'GridImportKwh-mainmeter': pairs(T0, 15, 4000, (index) =>
          Number((479200 + index * 0.12).toFixed(2)),
        ),
      },
      [DEVICE_B]: {
        BatteryImportKwh: pairs(T0 + 1000, 15, 4000, () => 242748.75),
        GeneratedPowerW: [[T0, 0]],
      },
    };
    await load(workspace, {
      assets: [{ deviceId: DEVICE_A, description: 'Zonneveld', state: 'Ok' }],
      telemetry,
    });
    const expected = Object.entries(telemetry).flatMap(([device, series]) =>
      Object.entries(series).flatMap(([name, data]) =>
        data.map((pair) => [device, name, ...(pair as [number, number])]),
      ),
    );
    const readings = await workspace.query<Record<string, unknown>>(
      'select device_uuid, series, (extract(epoch from ts) * 1000)::bigint as ms, value from battery_reading',
    );
    const sorted = (rows: unknown[]) => rows.map((row) => JSON.stringify(row)).sort();
    expect(sorted(readings.map((row) => Object.values(row)))).toEqual(sorted(expected));
    expect(await workspace.query('select count(*)::int as rows from battery_telemetry')).toEqual([
      { rows: 31 },
    ]);

    const before = await contents(workspace);
    await workspace.beltOk('transform');
    expect(await contents(workspace)).toEqual(before);
    await workspace.beltOk('transform', '--full-refresh');
    expect(await contents(workspace)).toEqual(before);
  });

  test('let the later response win, reading by reading, also in compressed chunks', async () => {
    const workspace = await createWorkspace(engine);
    await load(workspace, {
      telemetry: {
        [DEVICE_A]: {
          BatteryPowerW: [
            [T0, 1],
            [T0 + 4000, 2],
          ],
          StateOfChargePercentage: [[T0, 50]],
        },
      },
    });
    if (engine === 'server') {
      await execute(
        workspace,
        "select compress_chunk(c, true) from show_chunks('battery_telemetry') as c",
      );
    }
    expect(
      await workspace.query(
        "select is_compressed from timescaledb_information.chunks where hypertable_name = 'battery_telemetry'",
      ),
    ).toEqual([{ is_compressed: true }]);
    // one landing with two overlapping responses, the later of which corrects and adds
    await load(workspace, {
      telemetry: {
        [`${DEVICE_A}/1`]: {
          BatteryPowerW: [
            [T0 + 4000, 20],
            [T0 + 8000, 3],
          ],
        },
        [`${DEVICE_A}/2`]: {
          BatteryPowerW: [[T0 + 8000, 30]],
          StateOfChargePercentage: [[T0 + 8000, 49]],
        },
      },
    });
    const rows = await workspace.query(
      'select battery_power_w, state_of_charge_percent from battery_telemetry order by ts',
    );
    expect(rows).toEqual([
      { battery_power_w: 1, state_of_charge_percent: 50 },
      { battery_power_w: 20, state_of_charge_percent: null },
      { battery_power_w: 30, state_of_charge_percent: 49 },
    ]);
    expect(await aggregateDifferences(workspace)).toEqual([]);
  });

  test('take the last of a reading that one response tells twice', async () => {
    const workspace = await createWorkspace(engine);
    await load(workspace, {
      telemetry: {
        [DEVICE_A]: {
          BatteryPowerW: [
            [T0, 9],
            [T0 + 4000, 2],
            [T0, 5],
          ],
        },
      },
    });
    expect(
      await workspace.query('select battery_power_w from battery_telemetry order by ts'),
    ).toEqual([{ battery_power_w: 5 }, { battery_power_w: 2 }]);
  });

  test('process a late reading once, and refresh the hours that it touches', async () => {
    const workspace = await createWorkspace(engine);
    const day = (from: number) => ({
      StateOfChargePercentage: pairs(from, 48, HOUR / 2, (index) => 20 + (index % 60)),
      BatteryPowerW: pairs(from, 48, HOUR / 2, (index) => index * 10),
      BatteryImportKwh: pairs(from, 48, HOUR / 2, (index) => 100 + index / 4),
    });
    await load(workspace, { telemetry: { [DEVICE_A]: day(T0), [DEVICE_B]: day(T0 + 21 * DAY) } });
    expect(await aggregateDifferences(workspace)).toEqual([]);
    await load(workspace, { telemetry: { [DEVICE_A]: { BatteryPowerW: [[T0 + 1000, 99_999]] } } });
    expect(await aggregateDifferences(workspace)).toEqual([]);
    const [hour] = await workspace.query(
      `select battery_power_w_max from battery_hourly join device using (device_id)
        where device_uuid = '${DEVICE_A}' and bucket = '${iso(T0)}'`,
    );
    expect(hour).toEqual({ battery_power_w_max: 99_999 });
    const refreshed = JSON.parse((await workspace.beltOk('transform', '--json')).stdout);
    const hourly = refreshed.results.find(
      (result: { name: string }) => result.name === 'battery_hourly',
    );
    expect(hourly.message).toBe('REFRESH 0 windows');
  });

  test("put readings that can't be aside with their reason, and name series that are not known", async () => {
    const workspace = await createWorkspace(engine);
    const seconds = T0 / 1000;
    const future = Date.now() + 2 * DAY;
    const stdout = await load(workspace, {
      telemetry: {
        [DEVICE_A]: {
          StateOfChargePercentage: [
            [T0, 101],
            [T0 + 1, -1],
            [T0 + 2, 100],
            [T0 + 3, null],
            [T0 + 4, '50'],
          ],
          BatteryPowerW: [
            [seconds, 5],
            [future, 6],
            ['x', 7],
            [T0],
            8,
            null,
            [T0, 1e300],
            [T0 + 0.5, 1],
          ],
          FirmwareTemperatureC: [
            [T0, 20],
            [T0 + 1, 21],
          ],
        },
      },
    });
    const rejects = await workspace.query(
      'select vendor_series, position, element, reason, device_uuid from telemetry_reject order by vendor_series desc, position',
    );
    expect(rejects.map(({ position, reason }) => [position, reason])).toEqual([
      [1, 'value_out_of_range'],
      [2, 'value_out_of_range'],
      [4, 'value_not_a_number'],
      [5, 'value_not_a_number'],
      [1, 'timestamp_before_2000'],
      [2, 'timestamp_in_the_future'],
      [3, 'timestamp_not_a_number'],
      [4, 'malformed'],
      [5, 'malformed'],
      [6, 'malformed'],
      [7, 'value_out_of_range'],
      [8, 'timestamp_not_in_milliseconds'],
    ]);
    expect(rejects[0]).toMatchObject({ element: [T0, 101], device_uuid: DEVICE_A });
    expect(await workspace.query('select state_of_charge_percent from battery_telemetry')).toEqual([
      { state_of_charge_percent: 100 },
    ]);
    expect(await workspace.query('select vendor_series, readings from unmapped_series')).toEqual([
      { vendor_series: 'FirmwareTemperatureC', readings: 2 },
    ]);
    expect(stdout).toContain('FirmwareTemperatureC');
    expect(stdout).toContain('12 readings in telemetry_reject');
  });

  test('are not stopped by numbers that no double holds', async () => {
    const workspace = await createWorkspace(engine);
    const data = `[[${T0},1e-400],[${T0 + 1000},1e400],[${T0 + 2000},123.4567890123456789],[${T0 + 3000},5e2]]`;
    workspace.write(
      `in/telemetry/${DEVICE_A}.json`,
      `{"series":[{"name":"BatteryPowerW","data":${data}}]}`,
    );
    await workspace.beltOk('land', '--source', 'in');
    await workspace.beltOk('transform');
    expect(
      await workspace.query('select battery_power_w from battery_telemetry order by ts'),
    ).toEqual([{ battery_power_w: 0 }, { battery_power_w: 123 }, { battery_power_w: 500 }]);
    expect(await workspace.query('select position, reason from telemetry_reject')).toEqual([
      { position: 2, reason: 'value_out_of_range' },
    ]);
  });

  test('alert below 20 % by the latest state of charge, whatever is known of the site', async () => {
    const workspace = await createWorkspace(engine);
    await load(workspace, {
      assets: [
        { deviceId: DEVICE_A, description: 'Zonneveld', state: 'Ok' },
        { deviceId: DEVICE_B, description: 'Havenkade', state: 'Ok' },
      ],
      telemetry: {
        [DEVICE_A]: {
          StateOfChargePercentage: [
            [T0, 30],
            [T0 + 4000, 19.5],
          ],
          BatteryPowerW: [[T0 + 8000, 1]],
        },
        [DEVICE_B]: { BatteryPowerW: [[T0, 1]] },
        [DEVICE_C]: { StateOfChargePercentage: [[T0, 5]] },
      },
    });
    const alerts = () =>
      workspace.query(
        "select device_uuid, site, state_of_charge_percent as value, extract(epoch from read_at) * 1000 as ms, age > interval '0' as aged from battery_alert where rule = 'state_of_charge_low' order by value",
      );
    expect(await alerts()).toEqual([
      { device_uuid: DEVICE_C, site: null, value: 5, ms: T0, aged: true },
      { device_uuid: DEVICE_A, site: 'Zonneveld', value: 19.5, ms: T0 + 4000, aged: true },
    ]);
    // a late reading does not end an alert, a newer one does, and so does a correction
    await load(workspace, {
      telemetry: { [DEVICE_A]: { StateOfChargePercentage: [[T0 - HOUR, 80]] } },
    });
    expect((await alerts()).length).toBe(2);
    await load(workspace, {
      telemetry: {
        [DEVICE_A]: { StateOfChargePercentage: [[T0 + HOUR, 55]] },
        [DEVICE_C]: { StateOfChargePercentage: [[T0, 60]] },
      },
    });
    expect(await alerts()).toEqual([]);
  });

  test('keep the history of what the vendor says of an asset', async () => {
    const workspace = await createWorkspace(engine);
    const say = (state: string, description = 'Zonneveld') =>
      load(workspace, { assets: [{ deviceId: DEVICE_A, description, state }] });
    await say('Ok');
    await say('Warning');
    await say('Warning', 'Zonneveld Noord');
    await say('Ok');
    const history = await workspace.query<{ gap: boolean }>(
      `select description, state, valid_to is null as open,
        valid_to is distinct from lead(valid_from) over (order by valid_from) as gap
        from asset_history order by valid_from`,
    );
    expect(history).toEqual([
      { description: 'Zonneveld', state: 'Ok', open: false, gap: false },
      { description: 'Zonneveld', state: 'Warning', open: false, gap: false },
      { description: 'Zonneveld Noord', state: 'Warning', open: false, gap: false },
      { description: 'Zonneveld', state: 'Ok', open: true, gap: false },
    ]);
    expect(await workspace.query('select device_uuid, description, state from asset')).toEqual([
      { device_uuid: DEVICE_A, description: 'Zonneveld', state: 'Ok' },
    ]);
  });

  test('name the small key device_id and the UUID of the vendor device_uuid, everywhere', async () => {
    const workspace = await createWorkspace(engine);
    await load(workspace, { telemetry: { [DEVICE_A]: { StateOfChargePercentage: [[T0, 5]] } } });
    const columns = await workspace.query<{ name: string; type: string; relations: number }>(
      `select column_name as name, data_type as type, count(*)::int as relations
        from information_schema.columns
        where table_schema in ('public', 'raw') and column_name in ('device_id', 'device_uuid')
        group by 1, 2 order by 1`,
    );
    expect(columns.map(({ name, type }) => [name, type])).toEqual([
      ['device_id', 'integer'],
      ['device_uuid', 'uuid'],
    ]);
    const joined = `select distinct device_uuid, series, battery_reading.value from battery_alert
      join battery_latest using (device_id) join battery_reading using (device_id, device_uuid)`;
    expect(await workspace.query(joined)).toEqual([
      { device_uuid: DEVICE_A, series: 'StateOfChargePercentage', value: 5 },
    ]);
  });

  test('take over the views of a database in which device_id was a UUID there', async () => {
    const workspace = await createWorkspace(engine);
    const project = copyModels(workspace);
    const files = ['alerting/battery_alert.sql', 'telemetry/battery_reading.sql'];
    const renamed = new Map<string, string>();
    for (const file of files) {
      const path = join(project, 'models', file);
      const now = readFileSync(path, 'utf8');
      renamed.set(path, now);
      const before = now
        .replace(/^ *\w+\.device_id,\n/m, '')
        .replace(/(\w+\.device_uuid),/, '$1 as device_id,');
      expect(before).not.toBe(now);
      writeFileSync(path, before);
    }
    const source = writeResponses(workspace, 'in', {
      telemetry: { [DEVICE_A]: { StateOfChargePercentage: [[T0, 5]] } },
    });
    await workspace.beltOk('land', '--source', source);
    const transform = () => workspace.belt('transform', '--project-dir', project);
    expect((await transform()).code).toBe(0);
    expect(await workspace.query('select distinct device_id from battery_alert')).toEqual([
      { device_id: DEVICE_A },
    ]);
    if (engine === 'server') {
      const condition = `where device_id = '${DEVICE_A}'::uuid`;
      await execute(
        workspace,
        `create view public.mine as select distinct device_id from battery_alert`,
      );
      await execute(
        workspace,
        `create view public.strict as select 1 from battery_alert ${condition}`,
      );
    }
    for (const [path, now] of renamed) writeFileSync(path, now);
    if (engine === 'server') {
      const { code, stderr } = await transform();
      expect(code).toBe(1);
      expect(stderr).toContain('The view public.strict does not fit what it reads any more');
      expect(await workspace.query('select device_id from mine')).toEqual([
        { device_id: DEVICE_A },
      ]);
      await execute(workspace, 'drop view public.strict');
    }
    expect((await transform()).code).toBe(0);
    expect(
      await workspace.query('select distinct device_id, device_uuid from battery_alert'),
    ).toEqual([{ device_id: 1, device_uuid: DEVICE_A }]);
    if (engine === 'server') {
      expect(await workspace.query('select device_id from mine')).toEqual([{ device_id: 1 }]);
    }
  });

  test('say what each relation and column holds, with its unit', async () => {
    const workspace = await createWorkspace(engine);
    await load(workspace, { telemetry: { [DEVICE_A]: { BatteryPowerW: [[T0, 1500]] } } });
    const undescribed = `
      select class.relname || '.*' as what from pg_class as class
      where relnamespace = 'public'::regnamespace and relkind in ('r', 'v')
        and obj_description(class.oid, 'pg_class') is null
      union all
      select class.relname || '.' || attname
      from pg_class as class join pg_attribute on attrelid = class.oid
      where relnamespace = 'public'::regnamespace and relkind in ('r', 'v')
        and attnum > 0 and not attisdropped
        and (
          col_description(attrelid, attnum) is null
          or attname ~ '_percent(_min|_max|_mean|_last)?$' and col_description(attrelid, attnum) !~ '%'
          or attname ~ '_w(_min|_max|_mean|_last)?$' and col_description(attrelid, attnum) !~ '\\mW\\M'
          or attname ~ '_wh(_first|_last)?$' and col_description(attrelid, attnum) !~ '\\mWh\\M'
        )`;
    const described = `select count(*)::int as columns
      from pg_attribute where attrelid = 'battery_hourly'::regclass
        and col_description(attrelid, attnum) is not null`;
    expect(await workspace.query(undescribed)).toEqual([]);
    const before = await workspace.query(described);
    expect(before).toEqual([{ columns: 53 }]);
    // nor are they lost when one relation alone is built beside the old, with those over it
    await workspace.beltOk('transform', '--full-refresh', '--select', 'battery_telemetry');
    expect(await workspace.query(undescribed)).toEqual([]);
    expect(await workspace.query(described)).toEqual(before);
  });

  test('have policies of compression, refresh and retention', async () => {
    const workspace = await createWorkspace(engine);
    await load(workspace, {
      telemetry: { [DEVICE_A]: { BatteryPowerW: pairs(T0, 100, 4000, (index) => index) } },
    });
    const policies = await workspace.query<{ relation: string; policy: string }>(
      `select coalesce(view_name, job.hypertable_name) as relation, proc_name as policy
        from timescaledb_information.jobs as job
        left join timescaledb_information.continuous_aggregates
          on materialization_hypertable_name = job.hypertable_name
        where job.hypertable_name is not null order by 1, 2`,
    );
    expect(policies.map(({ relation, policy }) => `${relation} ${policy}`)).toEqual([
      'battery_daily policy_compression',
      'battery_daily policy_refresh_continuous_aggregate',
      'battery_daily policy_retention',
      'battery_hourly policy_compression',
      'battery_hourly policy_refresh_continuous_aggregate',
      'battery_hourly policy_retention',
      'battery_telemetry policy_compression',
      'battery_telemetry policy_retention',
    ]);
    if (engine === 'embedded') {
      // belt has run them: the chunk of 2025 is compressed, and still read
      const [chunk] = await workspace.query(
        "select is_compressed from timescaledb_information.chunks where hypertable_name = 'battery_telemetry'",
      );
      expect(chunk).toEqual({ is_compressed: true });
    }
    expect(
      await workspace.query(
        'select count(*)::int as rows, sum(battery_power_w)::int as sum from battery_telemetry',
      ),
    ).toEqual([{ rows: 100, sum: 4950 }]);
    const { stdout } = await workspace.beltOk('status');
    expect(stdout).toMatch(/battery_hourly +refresh continuous aggregate/);
    expect(stdout).toMatch(/bytes a reading/);
  });

  test('read a whole response set of many responses as if it were one', async () => {
    const workspace = await createWorkspace(engine);
    const value = (index: number) => (index * 7919) % 1000;
    const all = pairs(T0, 2000, 4000, value);
    const telemetry = Object.fromEntries(
      Array.from({ length: 20 }, (_, part) => [
        `${DEVICE_A}/${String(part).padStart(2, '0')}`,
        // each response repeats the tail of the one before it
        { BatteryPowerW: all.slice(Math.max(0, part * 100 - 10), part * 100 + 100) },
      ]),
    );
    await load(workspace, { telemetry });
    const [stored] = await workspace.query(
      'select count(*)::int as rows, sum(battery_power_w)::int as sum from battery_telemetry',
    );
    expect(stored).toEqual({ rows: 2000, sum: all.reduce((sum, [, each]) => sum + each, 0) });
  });

  test('are the bodies of vendor responses, however they are written', async () => {
    const workspace = await createWorkspace(engine);
    const text = JSON.stringify(
      JSON.parse(
        telemetryJson({
          BatteryPowerW: [
            [T0, 1.0],
            [T0 + 1000, 2],
          ],
        }),
      ),
      null,
      4,
    );
    workspace.write(`in/telemetry/${DEVICE_A}.json`, text.replaceAll('\n', '\r\n'));
    await workspace.beltOk('land', '--source', 'in');
    await workspace.beltOk('transform');
    expect(
      await workspace.query('select battery_power_w from battery_telemetry order by ts'),
    ).toEqual([{ battery_power_w: 1 }, { battery_power_w: 2 }]);
  });
});

test('a metric catalogue that mixes two series is told at its line, and nothing is written', async () => {
  const workspace = await createWorkspace('embedded');
  await load(workspace, { telemetry: { [DEVICE_A]: { BatteryPowerW: [[T0, 1500]] } } });
  const more = writeResponses(workspace, 'more', {
    telemetry: { [DEVICE_A]: { GeneratedPowerW: [[T0, -99]] } },
  });
  await workspace.beltOk('land', '--source', more);
  const project = copyModels(workspace);
  const catalog = join(project, 'models/seeds/metric_catalog.csv');
  writeFileSync(catalog, readFileSync(catalog, 'utf8').replace(/^3,/m, '2,'));
  for (const command of ['transform', 'build']) {
    const { code, stderr } = await workspace.belt(command, '--project-dir', project);
    expect(code).toBe(1);
    expect(stderr).toContain('metric_catalog.csv:4: metric_id 2 of GeneratedPowerW');
  }
  expect(await workspace.query('select battery_power_w from battery_telemetry')).toEqual([
    { battery_power_w: 1500 },
  ]);
});

test('a sign is turned round in one line of the metric catalogue, and old rows are told of', async () => {
  const workspace = await createWorkspace('embedded');
  const day = (ms: number) => ({ telemetry: { [DEVICE_A]: { BatteryPowerW: [[ms, 1350]] } } });
  await load(workspace, day(T0));
  const project = copyModels(workspace);
  const catalog = join(project, 'models/seeds/metric_catalog.csv');
  writeFileSync(catalog, readFileSync(catalog, 'utf8').replace('integer,W,1,', 'integer,W,-1,'));
  const transform = async (...parameters: string[]) =>
    (await workspace.beltOk('transform', '--project-dir', project, ...parameters)).stderr;
  expect(await transform()).toContain('The SQL of battery_telemetry has changed');
  await transform('--full-refresh');
  expect(
    await workspace.query(
      `select battery_power_w, value from battery_telemetry join battery_reading using (device_id, ts)`,
    ),
  ).toEqual([{ battery_power_w: -1350, value: 1350 }]);
});

describe('the tests of the models', () => {
  const SOURCE = { telemetry: { [DEVICE_A]: { StateOfChargePercentage: [[T0, 20]] } } };

  test('are run by belt start, which says how many passed', async () => {
    const workspace = await createWorkspace('embedded');
    const source = writeResponses(workspace, 'in', SOURCE);
    const { stdout, stderr } = await workspace.beltOk('start', '--source', source);
    expect(stdout + stderr).toMatch(/Tested in .* s: \d+ data tests and \d+ unit tests passed\.$/m);
    const [run] = await workspace.query(
      "select command from belt.run where status = 'success' order by started_at desc limit 1",
    );
    expect(run).toEqual({ command: 'test' });
    // what was built stays the last thing that the status tells of
    expect(stdout).toMatch(/^Last transform: .*success$/m);
    expect(stdout).not.toContain('battery_alert_tells_what_is_open');
  });

  test('that fail are told by belt start, and keep belt build from the model', async () => {
    const workspace = await createWorkspace('embedded');
    const project = copyModels(workspace);
    const file = join(project, 'models/alerting/battery_alert.sql');
    writeFileSync(
      file,
      readFileSync(file, 'utf8').replace('device.site,', "device.site || '!' as site,"),
    );
    const source = writeResponses(workspace, 'in', SOURCE);
    await workspace.beltOk('land', '--source', source);
    const built = await workspace.belt('build', '--project-dir', project);
    expect(built.code).toBe(1);
    expect(built.stderr).toMatch(/FAIL unit_test battery_alert_tells_what_is_open/);
    expect(built.stderr).toMatch(/SKIP view battery_alert /);
    expect(await workspace.query("select to_regclass('battery_alert') as alert")).toEqual([
      { alert: null },
    ]);
    const started = await workspace.belt('start', '--source', source, '--project-dir', project);
    expect(started.code).toBe(1);
    expect(started.stderr).toMatch(/FAIL unit_test battery_alert_tells_what_is_open/);
    expect(started.stdout).toMatch(/^Tested in .* unit tests passed, 1 test did not\.$/m);
  });
});
