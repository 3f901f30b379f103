import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { describe, expect, test } from 'vitest';
import { finished, until } from '../support/processes.js';
import { copyModels, writeProject } from '../support/project.js';
import { DEVICE_A, DEVICE_B, HOUR, pairs, T0, writeResponses } from '../support/responses.js';
import { createWorkspace, ENGINES, type Workspace } from '../support/workspace.js';

interface RunJson {
  readonly results: {
    name: string;
    status: string;
    message: string;
    warning?: string;
    file?: string;
    line?: number;
  }[];
}

async function transform(
  workspace: Workspace,
  ...parameters: string[]
): Promise<RunJson & { code: number | null }> {
  const { code, stdout, stderr } = await workspace.belt('transform', '--json', ...parameters);
  if (stdout === '') throw new Error(stderr);
  return { ...JSON.parse(stdout), code };
}

const outcome = (run: RunJson, name: string) => run.results.find((result) => result.name === name);

async function landDay(workspace: Workspace, power = (index: number) => index): Promise<void> {
  const source = writeResponses(workspace, `in-${Math.random()}`, {
    telemetry: { [DEVICE_A]: { BatteryPowerW: pairs(T0, 300, HOUR / 100, power) } },
  });
  await workspace.beltOk('land', '--source', source);
}

function edit(file: string, from: string, to: string): void {
  const text = readFileSync(file, 'utf8');
  if (!text.includes(from)) throw new Error(`${file} does not hold ${from}`);
  writeFileSync(file, text.replace(from, to));
}

describe.each(ENGINES)('belt transform on the %s engine', (engine) => {
  test('builds views, tables, seeds and incremental models of a project in the order of their references', async () => {
    const workspace = await createWorkspace(engine);
    const project = writeProject(workspace, {
      'models/a_mart.sql': `{{ config(materialized='table', indexes=[{'columns': ['k'], 'unique': true}]) }}
        select k, v * {{ var('factor', 10) }} as v from {{ ref('z_stage') }}`,
      'models/z_stage.sql': 'select k, v from {{ ref("numbers") }}',
      'models/growing.sql': `{{ config(materialized='incremental', unique_key='k', incremental_strategy='delete+insert') }}
        select k, v from {{ ref('a_mart') }}
        {% if is_incremental() %} where v > (select min(v) from {{ this }}) {% endif %}`,
      'models/doc.yml':
        'models:\n  - name: a_mart\n    description: Numbers.\n    columns:\n      - name: k\n        description: The key.\n',
      'seeds/numbers.csv': 'k,v\n1,1.5\n2,\n3,7\n',
    });
    const first = await transform(workspace, '--project-dir', project);
    expect(first.results.map(({ name, status }) => `${name} ${status}`)).toEqual([
      'numbers success',
      'z_stage success',
      'a_mart success',
      'growing success',
    ]);
    expect(await workspace.query('select k, v from a_mart order by k')).toEqual([
      { k: 1, v: 15 },
      { k: 2, v: null },
      { k: 3, v: 70 },
    ]);
    expect(
      await workspace.query(
        "select obj_description('a_mart'::regclass) as comment, col_description('a_mart'::regclass, 1) as column_comment",
      ),
    ).toEqual([{ comment: 'Numbers.', column_comment: 'The key.' }]);

    await transform(
      workspace,
      '--project-dir',
      project,
      '--vars',
      '{"factor": 100}',
      '--select',
      'a_mart+',
    );
    expect(
      await workspace.query('select k, v from growing where v is not null order by k'),
    ).toEqual([
      { k: 1, v: 150 },
      { k: 3, v: 700 },
    ]);
  });

  test('skips what follows from a model that failed, and runs the rest', async () => {
    const workspace = await createWorkspace(engine);
    const project = writeProject(workspace, {
      'models/1_bad.sql': 'select 1 as one,\n  no_such_column\nfrom pg_class',
      'models/2_child.sql': "select * from {{ ref('1_bad') }}",
      'models/3_other.sql': 'select 1 as one',
    });
    const run = await transform(workspace, '--project-dir', project);
    expect(run.code).toBe(1);
    expect(run.results.map(({ name, status }) => `${name} ${status}`).sort()).toEqual([
      '1_bad error',
      '2_child skipped',
      '3_other success',
    ]);
    expect(outcome(run, '1_bad')).toMatchObject({ file: 'models/1_bad.sql', line: 2 });
    expect(outcome(run, '1_bad')?.message).toContain('no_such_column');
    expect(await workspace.query('select * from "3_other"')).toEqual([{ one: 1 }]);
  });

  test('puts ephemeral models into those that read them', async () => {
    const workspace = await createWorkspace(engine);
    const project = writeProject(workspace, {
      'models/base.sql': 'select 2 as n',
      'models/middle.sql':
        "{{ config(materialized='ephemeral') }} select n * 3 as n from {{ ref('base') }}",
      'models/top.sql': "select n + 1 as n from {{ ref('middle') }}",
    });
    const run = await transform(workspace, '--project-dir', project);
    expect(run.results.map(({ name }) => name)).toEqual(['base', 'top']);
    expect(
      await workspace.query("select n, to_regclass('middle') is null as inlined from top"),
    ).toEqual([{ n: 7, inlined: true }]);
    writeFileSync(join(project, 'models/base.sql'), 'select nothing as n');
    const failed = await transform(workspace, '--project-dir', project);
    expect(failed.results.map(({ status }) => status)).toEqual(['error', 'skipped']);
  });

  test('runs nothing of a project that has faults, and names each with file and line', async () => {
    const workspace = await createWorkspace(engine);
    const project = writeProject(workspace, {
      'models/fine.sql': 'select 1 as one',
      'models/unknown.sql': "select *\nfrom {{ ref('fin') }}",
      'models/broken.sql': 'select 1\n{% if %}',
    });
    const { code, stderr } = await workspace.belt('transform', '--project-dir', project);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /models\/unknown\.sql:2: .*fin, which does not exist \(did you mean fine\?\)/,
    );
    expect(stderr).toMatch(/models\/broken\.sql:2: /);
    expect(await workspace.query("select to_regclass('fine') is null as absent")).toEqual([
      { absent: true },
    ]);
  });

  test('applies a changed config to what exists, and keeps the rows', async () => {
    const workspace = await createWorkspace(engine);
    const project = copyModels(workspace);
    await landDay(workspace);
    await transform(workspace, '--project-dir', project);
    const model = join(project, 'models/telemetry/battery_telemetry.sql');
    edit(model, "retention_policy='10 years'", "retention_policy='15 years'");
    edit(model, "chunk_time_interval='auto'", "chunk_time_interval='7 days'");
    edit(model, "'after': '7 days'", "'after': '14 days'");
    edit(
      join(project, 'models/history/battery_hourly.sql'),
      "'schedule_interval': '30 minutes'",
      "'schedule_interval': '10 minutes'",
    );
    await transform(workspace, '--project-dir', project);
    expect(
      await workspace.query(
        `select proc_name, config ->> 'drop_after' as drop_after, config ->> 'compress_after' as compress_after
          from timescaledb_information.jobs where hypertable_name = 'battery_telemetry' order by proc_name`,
      ),
    ).toEqual([
      { proc_name: 'policy_compression', drop_after: null, compress_after: '14 days' },
      { proc_name: 'policy_retention', drop_after: '15 years', compress_after: null },
    ]);
    expect(
      await workspace.query(
        `select job.schedule_interval::text from timescaledb_information.jobs as job
          left join timescaledb_information.continuous_aggregates
            on materialization_hypertable_name = job.hypertable_name
          where coalesce(view_name, job.hypertable_name) = 'battery_hourly' and proc_name like '%refresh%'`,
      ),
    ).toEqual([{ schedule_interval: '00:10:00' }]);
    expect(
      await workspace.query(
        "select time_interval::text from timescaledb_information.dimensions where hypertable_name = 'battery_telemetry'",
      ),
    ).toEqual([{ time_interval: '7 days' }]);
    expect(await workspace.query('select count(*)::int as rows from battery_telemetry')).toEqual([
      { rows: 300 },
    ]);
  });

  test('rebuilds a continuous aggregate whose query has changed, with those over it', async () => {
    const workspace = await createWorkspace(engine);
    const project = copyModels(workspace);
    await landDay(workspace);
    await transform(workspace, '--project-dir', project);
    edit(
      join(project, 'models/history/battery_hourly.sql'),
      'as readings\n',
      'as readings,\n    count(*) as rows_stored\n',
    );
    const rebuilt = await transform(workspace, '--project-dir', project);
    expect(outcome(rebuilt, 'battery_hourly')).toMatchObject({ message: 'REBUILD' });
    expect(
      await workspace.query(
        'select sum(rows_stored)::int as rows, (select sum(readings)::int from battery_daily) as daily from battery_hourly',
      ),
    ).toEqual([{ rows: 300, daily: 300 }]);
    const after = await transform(workspace, '--project-dir', project);
    expect(outcome(after, 'battery_hourly')?.message).toContain('REFRESH');
  });

  test('rebuilds a hypertable from raw, with what others have built on it', async () => {
    const workspace = await createWorkspace(engine);
    const project = copyModels(workspace);
    await landDay(workspace);
    await transform(workspace, '--project-dir', project);
    const outside = writeProject(workspace, {
      'other/models/report.sql':
        'select count(*)::int as rows, max(battery_power_w) as top from public.battery_telemetry',
    });
    await transform(workspace, '--project-dir', join(outside, 'other'));
    edit(
      join(project, 'models/telemetry/battery_telemetry.sql'),
      'round(latest.{{ metric.column_name }})',
      'round(2 * latest.{{ metric.column_name }})',
    );
    const changed = await transform(workspace, '--project-dir', project);
    expect(outcome(changed, 'battery_telemetry')?.warning).toContain('--full-refresh');
    expect(await workspace.query('select * from report')).toEqual([{ rows: 300, top: 299 }]);
    const rebuilt = await transform(
      workspace,
      '--project-dir',
      project,
      '--full-refresh',
      '--select',
      'battery_telemetry+',
    );
    expect(rebuilt.code).toBe(0);
    expect(await workspace.query('select * from report')).toEqual([{ rows: 300, top: 598 }]);
    expect(
      await workspace.query(
        'select max(battery_power_w_max) as hourly, (select max(battery_power_w_max) from battery_daily) as daily from battery_hourly',
      ),
    ).toEqual([{ hourly: 598, daily: 598 }]);
    expect(
      await workspace.query(
        "select relname from pg_class where relname like '%\\_\\_belt\\_%' and relkind in ('r', 'v')",
      ),
    ).toEqual([]);
    expect(await workspace.query('select battery_power_w from battery_latest')).toEqual([
      { battery_power_w: 598 },
    ]);
    // what lands afterwards goes into the new tables
    await landDay(workspace, () => 4000);
    await transform(workspace, '--project-dir', project);
    expect(await workspace.query('select * from report')).toEqual([{ rows: 300, top: 8000 }]);
    expect(
      await workspace.query('select max(battery_power_w_max) as hourly from battery_hourly'),
    ).toEqual([{ hourly: 8000 }]);
  });

  test('a new metric is a line in the catalogue, and its history is filled from raw', async () => {
    const workspace = await createWorkspace(engine);
    const project = copyModels(workspace);
    const source = writeResponses(workspace, 'in', {
      telemetry: {
        [DEVICE_A]: {
          BatteryPowerW: [[T0, 1]],
          BatteryTemperatureC: [
            [T0, 21.5],
            [T0 + 4000, 22],
          ],
        },
      },
    });
    await workspace.beltOk('land', '--source', source);
    await transform(workspace, '--project-dir', project);
    const catalog = join(project, 'models/seeds/metric_catalog.csv');
    writeFileSync(
      catalog,
      `${readFileSync(catalog, 'utf8')}15,BatteryTemperatureC,battery_temperature_c,real,°C,1,gauge,-50,120,Temperature of the cells\n`,
    );
    const evolved = await transform(workspace, '--project-dir', project);
    expect(evolved.code).toBe(0);
    expect(
      await workspace.query(
        'select count(battery_temperature_c)::int as filled from battery_telemetry',
      ),
    ).toEqual([{ filled: 0 }]);
    expect(await workspace.query('select * from unmapped_series')).toEqual([]);
    const run = await transform(
      workspace,
      '--project-dir',
      project,
      '--full-refresh',
      '--select',
      'battery_telemetry+',
    );
    expect(run.code).toBe(0);
    expect(
      await workspace.query(
        `select battery_temperature_c_max as max, (select battery_temperature_c from battery_latest) as latest,
          (select count(*)::int from battery_reading) as readings from battery_daily`,
      ),
    ).toEqual([{ max: 22, latest: 22, readings: 3 }]);
  });

  test('a wrong line of the catalogue can be corrected, whatever was made of it', async () => {
    const workspace = await createWorkspace(engine);
    const project = copyModels(workspace);
    const catalog = join(project, 'models/seeds/metric_catalog.csv');
    const good = readFileSync(catalog, 'utf8');
    const at = ['--project-dir', project];
    const land = async (hour: number) => {
      const series = { BatteryPowerW: [[T0, 1]], BatteryTemperatureC: [[T0 + hour * HOUR, 21]] };
      const telemetry = { [`${DEVICE_A}/${hour}`]: series };
      const source = writeResponses(workspace, `in-${hour}`, { telemetry });
      await workspace.beltOk('land', '--source', source);
    };
    const line = (column: string, kind: string) =>
      `15,BatteryTemperatureC,${column},real,°C,1,${kind},-50,120,Temperature of the cells\n`;
    const columns = () =>
      workspace.query(
        `select attname as name from pg_attribute
          where attrelid = 'battery_daily'::regclass and attname like 'battery_t%' order by 1`,
      );
    const gauge = (name: string) =>
      ['max', 'mean', 'min', 'readings'].map((part) => ({ name: `${name}_${part}` }));
    const counter = (name: string) =>
      ['first', 'last', 'readings'].map((part) => ({ name: `${name}_${part}` }));
    await land(0);
    await transform(workspace, ...at);

    // before anything was measured by it, nothing is lost by its columns
    writeFileSync(catalog, good + line('battery_temprature_c', 'counter'));
    await transform(workspace, ...at);
    expect(await columns()).toEqual(counter('battery_temprature_c'));
    writeFileSync(catalog, good + line('battery_temp_c', 'counter'));
    const renamed = await transform(workspace, ...at);
    expect(renamed.code).toBe(0);
    expect(outcome(renamed, 'battery_hourly')).toMatchObject({ message: 'REBUILD' });
    expect(await columns()).toEqual(counter('battery_temp_c'));

    await land(1);
    await transform(workspace, ...at);
    writeFileSync(catalog, good + line('battery_temperature_c', 'gauge'));
    const plan = await workspace.belt('plan', ...at, '--json');
    for (const run of [await transform(workspace, ...at), await transform(workspace, ...at)]) {
      expect(run.code).toBe(0);
      expect(outcome(run, 'battery_hourly')?.warning).toContain(
        'would lose the columns battery_temp_c_first, battery_temp_c_last, battery_temp_c_readings',
      );
      expect(outcome(run, 'battery_daily')?.warning).toMatch(
        /columns that battery_hourly does not have .*--full-refresh --select battery_hourly\+/,
      );
    }
    const planned = JSON.parse(plan.stdout) as { name: string; action: string }[];
    expect(planned.filter(({ action }) => action === 'refused').map(({ name }) => name)).toEqual([
      'battery_hourly',
      'battery_daily',
    ]);
    expect(await columns()).toEqual(counter('battery_temp_c'));
    await transform(workspace, ...at, '--full-refresh', '--select', 'battery_hourly+');
    expect(await columns()).toEqual(gauge('battery_temperature_c'));
  });

  test('a model that reads what a continuous aggregate does not have yet is told which', async () => {
    const workspace = await createWorkspace(engine);
    const project = writeProject(workspace, {
      'models/measured.sql': `{{ config(materialized='hypertable', main_dimension='at', unique_key='at') }}
        select timestamptz '2026-01-01' as at, 1 as one`,
      'models/daily.sql': `{{ config(materialized='continuous_aggregate') }}
        select time_bucket('1 day', at) as day, max(one) as one from {{ ref('measured') }} group by 1`,
      'models/report.sql': "select * from {{ ref('daily') }}",
    });
    await transform(workspace, '--project-dir', project);
    edit(join(project, 'models/daily.sql'), 'max(one) as one', 'max(one) as other');
    edit(join(project, 'models/report.sql'), 'select *', 'select other');
    const run = await transform(workspace, '--project-dir', project);
    expect(outcome(run, 'daily')?.warning).toContain('would lose the columns one');
    expect(outcome(run, 'report')).toMatchObject({
      status: 'error',
      hint: expect.stringContaining('belt transform --full-refresh --select daily+'),
    });
  });

  test('runs the models that are selected', async () => {
    const workspace = await createWorkspace(engine);
    await landDay(workspace);
    await transform(workspace);
    const names = async (...select: string[]) =>
      (await transform(workspace, '--select', ...select)).results.map(({ name }) => name).sort();
    expect(await names('battery_hourly')).toEqual(['battery_hourly']);
    expect(await names('battery_hourly+')).toEqual([
      'battery_daily',
      'battery_degradation',
      'battery_hourly',
    ]);
    expect(await names('+battery_alert,resource_type:seed')).toEqual([
      'alert_rule',
      'metric_catalog',
    ]);
    expect(await names('models/alerting', 'config.materialized:hypertable')).toEqual([
      'alert_count',
      'alert_device',
      'alert_event',
      'alert_interval',
      'alert_notice',
      'battery_alert',
      'battery_latest',
      'battery_telemetry',
      'latest_reading',
    ]);
    const { code, stderr } = await workspace.belt('transform', '--select', 'no_such_model');
    expect(code).toBe(0);
    expect(stderr).toContain('no_such_model matches no node');
  });

  test('processes each batch once for every model, whenever that runs', async () => {
    const workspace = await createWorkspace(engine);
    await landDay(workspace);
    await transform(workspace, '--exclude', 'battery_hourly+', 'latest_reading+');
    const source = writeResponses(workspace, 'late', {
      telemetry: { [DEVICE_B]: { BatteryPowerW: [[T0 - 500 * HOUR, 7]] } },
    });
    await workspace.beltOk('land', '--source', source);
    const run = await transform(workspace);
    expect(outcome(run, 'battery_telemetry')?.message).toBe('UPSERT 1');
    expect(
      await workspace.query('select sum(readings)::int as readings from battery_daily'),
    ).toEqual([{ readings: 301 }]);
    expect(await workspace.query('select count(*)::int as devices from battery_latest')).toEqual([
      { devices: 2 },
    ]);
  });
});

test('what is landed during a transform is whole for the next one', async () => {
  const workspace = await createWorkspace(ENGINES.at(-1) as (typeof ENGINES)[number]);
  const project = copyModels(workspace);
  // the last model that the others take their devices from lands one more, as another process might
  const landing = [
    `insert into raw.batch (source, started_at, ended_at, documents, readings, status)
      select 'between', now(), now(), 1, 300, 'landed'
      where not exists (select from raw.batch where source = 'between')`,
    `insert into raw.telemetry_response (batch_id, resource_path, device_uuid, sha256, size_bytes,
        landed_at, readings, ordered, touched_hours, profile, body)
      select batch.batch_id, 'telemetry/b.json', '${DEVICE_B}', first.sha256, first.size_bytes,
        now(), first.readings, first.ordered, first.touched_hours, first.profile, first.body
      from raw.batch as batch, raw.telemetry_response as first
      where batch.source = 'between' and not exists (
        select from raw.telemetry_response where device_uuid = '${DEVICE_B}'
      )`,
    `insert into raw.batch_content
        (batch_id, resource, documents, readings, bytes, touched_hours, landed_at)
      select response.batch_id, 'telemetry_response', 1, 300, size_bytes, touched_hours, landed_at
      from raw.telemetry_response as response join raw.batch using (batch_id)
      where batch.source = 'between' on conflict do nothing`,
  ];
  edit(
    join(project, 'models/staging/device.sql'),
    'full_refresh=false,',
    `full_refresh=false, post_hook=[${landing.map((sql) => JSON.stringify(sql)).join(', ')}],`,
  );
  await landDay(workspace);
  await transform(workspace, '--project-dir', project);
  await transform(workspace, '--project-dir', project);
  expect(
    await workspace.query(
      `select count(*)::int as readings, (select count(*)::int from battery_latest) as latest,
        (select sum(readings)::int from battery_daily) as daily from battery_telemetry`,
    ),
  ).toEqual([{ readings: 600, latest: 2, daily: 600 }]);
});

describe.runIf(ENGINES.includes('server'))('belt transform --full-refresh on a server', () => {
  test('lets readers see the old content until the new is complete', async () => {
    const workspace = await createWorkspace('server');
    const telemetry = Object.fromEntries(
      Array.from({ length: 30 }, (_, index) => [
        `${DEVICE_A}/${index}`,
        { BatteryPowerW: pairs(T0 + index * HOUR, 10_000, 360, (value) => value) },
      ]),
    );
    await workspace.beltOk('land', '--source', writeResponses(workspace, 'in', { telemetry }));
    await transform(workspace);
    const reader = new pg.Client({ connectionString: workspace.url });
    await reader.connect();
    let running = true;
    const refresh = transform(workspace, '--full-refresh').finally(() => {
      running = false;
    });
    let reads = 0;
    while (running) {
      const { rows } = await reader.query(
        "select (select count(*)::int from battery_telemetry) as rows, (select sum(readings)::int from battery_daily) as readings, (select count(*)::int from battery_alert where rule <> 'telemetry_stale') as alerts",
      );
      expect(rows).toEqual([{ rows: 300_000, readings: 300_000, alerts: 0 }]);
      reads++;
    }
    await reader.end();
    const { code, results } = await refresh;
    expect(results.filter(({ status }) => status === 'error')).toEqual([]);
    expect(code).toBe(0);
    // were they kept waiting, there would be a read or two
    expect(reads).toBeGreaterThan(5);
  });

  test('is cancelled on the server by Ctrl-C, and goes on when run again', async () => {
    const workspace = await createWorkspace('server');
    const telemetry = Object.fromEntries(
      Array.from({ length: 12 }, (_, index) => [
        `${DEVICE_A}/${index}`,
        { BatteryPowerW: pairs(T0 + index * HOUR, 90_000, 40, (value) => value) },
      ]),
    );
    await workspace.beltOk('land', '--source', writeResponses(workspace, 'in', { telemetry }));
    const child = workspace.spawnBelt('transform');
    const end = finished(child);
    await until(child, async () => {
      const [row] = await workspace.query<{ busy: boolean }>(
        `select exists (select from pg_stat_activity
          where datname = current_database() and state = 'active' and pid <> pg_backend_pid()
            and query ~* 'insert into .*battery_telemetry') as busy`,
      );
      return row?.busy ?? false;
    });
    child.kill('SIGINT');
    const { code, stderr } = await end;
    expect(code).toBe(130);
    expect(stderr).toContain('It was cancelled, and rolled back.');
    expect(
      await workspace.query(
        "select to_regclass('battery_telemetry') is null as absent, (select status from belt.run) as status",
      ),
    ).toEqual([{ absent: true, status: 'interrupted' }]);
    await workspace.beltOk('transform');
    expect(await workspace.query('select count(*)::int as rows from battery_telemetry')).toEqual([
      { rows: 1_080_000 },
    ]);
  });

  test('lets the policies of the server do their work beside it', async () => {
    const workspace = await createWorkspace('server');
    await landDay(workspace);
    await transform(workspace);
    await workspace.execute(
      "select alter_job(job_id, next_start => now()) from timescaledb_information.jobs where hypertable_name = 'battery_telemetry'",
    );
    await transform(workspace, '--full-refresh');
    expect(await workspace.query('select count(*)::int as rows from battery_telemetry')).toEqual([
      { rows: 300 },
    ]);
  });
});
