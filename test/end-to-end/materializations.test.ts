import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { writeProject } from '../support/project.js';
import { DEVICE_A, DEVICE_B, T0, writeResponses } from '../support/responses.js';
import { createWorkspace, ENGINES, type Workspace } from '../support/workspace.js';

interface Result {
  readonly name: string;
  readonly status: string;
  readonly message: string;
  readonly warning?: string;
}

async function run(workspace: Workspace, ...parameters: string[]) {
  const { code, stdout, stderr } = await workspace.belt(
    ...parameters,
    '--project-dir',
    join(workspace.dir, 'project'),
    '--json',
  );
  if (stdout === '') throw new Error(stderr);
  const { results } = JSON.parse(stdout) as { results: Result[] };
  const byName: Record<string, Result | undefined> = Object.fromEntries(
    results.map((result) => [result.name, result]),
  );
  return { code, byName };
}

describe('snapshots', () => {
  const versions = (workspace: Workspace, name: string) =>
    workspace.query(
      `select id, state, dbt_valid_from is not null as began, dbt_valid_to is not null as ended
        from history.${name} order by id, dbt_valid_from`,
    );

  test('keep a row for each version, by time and by columns', async () => {
    const workspace = await createWorkspace('embedded');
    const seed = (rows: string) =>
      workspace.write('project/seeds/battery.csv', `id,state,changed_at\n${rows}`);
    const snapshot = (name: string, config: string) => ({
      [`snapshots/${name}.sql`]: `{% snapshot ${name} %}
        {{ config(unique_key='id', target_schema='history', ${config}) }}
        select id, state, changed_at::timestamp as changed_at from {{ ref('battery') }}
        {% endsnapshot %}`,
    });
    writeProject(workspace, {
      'dbt_project.yml': 'name: batteries',
      ...snapshot('by_time', "strategy='timestamp', updated_at='changed_at'"),
      ...snapshot(
        'by_columns',
        "strategy='check', check_cols=['state'], hard_deletes='invalidate'",
      ),
      ...snapshot('with_deletes', "strategy='check', check_cols='all', hard_deletes='new_record'"),
      'snapshots/in_yaml.yml': `
snapshots:
  - name: in_yaml
    relation: ref('battery')
    config: {schema: yaml, unique_key: [id, state], strategy: check, check_cols: [changed_at], dbt_valid_to_current: "timestamp '9999-12-31'"}
`,
    });
    seed('1,Ok,2026-01-01 00:00:00\n2,Ok,2026-01-01 00:00:00\n');
    expect((await run(workspace, 'build')).code).toBe(0);
    await run(workspace, 'snapshot');
    expect(await versions(workspace, 'by_time')).toHaveLength(2);
    seed('1,Warning,2026-01-02 00:00:00\n3,Ok,2026-01-02 00:00:00\n');
    const second = await run(workspace, 'build');
    expect(second.byName.by_time).toMatchObject({ status: 'success', message: 'INSERT 2' });
    expect(await versions(workspace, 'by_time')).toEqual([
      { id: 1, state: 'Ok', began: true, ended: true },
      { id: 1, state: 'Warning', began: true, ended: false },
      { id: 2, state: 'Ok', began: true, ended: false },
      { id: 3, state: 'Ok', began: true, ended: false },
    ]);
    expect(
      await workspace.query(
        "select dbt_valid_to::text as ended from history.by_time where id = 1 and state = 'Ok'",
      ),
    ).toEqual([{ ended: '2026-01-02 00:00:00' }]);
    expect(await versions(workspace, 'by_columns')).toContainEqual({
      id: 2,
      state: 'Ok',
      began: true,
      ended: true,
    });
    expect(
      await workspace.query(
        'select dbt_is_deleted as deleted, dbt_valid_to is null as current from history.with_deletes where id = 2 order by dbt_valid_from, deleted',
      ),
    ).toEqual([
      { deleted: 'False', current: false },
      { deleted: 'True', current: true },
    ]);
    expect(
      await workspace.query(
        "select count(*)::int as n from public_yaml.in_yaml where dbt_valid_to = '9999-12-31'",
      ),
    ).toEqual([{ n: 4 }]);
  });
});

describe('microbatch models', () => {
  const FILES = {
    'models/events.sql': `{{ config(event_time='at') }}
      select timestamptz '2026-01-01 00:00Z' + n * interval '6 hours' as at, n
      from generate_series(0, {{ var('last', 11) }}) as n`,
    'models/daily.sql': `{{ config(materialized='incremental', incremental_strategy='microbatch',
        event_time='day', batch_size='day', begin='2026-01-01', lookback=0) }}
      select date_trunc('day', at, 'UTC') as day, count(*) as events,
        {% if model.batch %}'{{ model.batch.id }}'{% else %}''{% endif %} as batch,
        1 / (case when min(n) = {{ var('bad', -1) }} then 0 else 1 end) as one
      from {{ ref('events') }} group by 1`,
  };

  test('build batches of event time, each by itself, and retry those that failed', async () => {
    const workspace = await createWorkspace('embedded');
    writeProject(workspace, FILES);
    const ended = ['--event-time-end', '2026-01-04'];
    const first = await run(workspace, 'run', '--vars', '{bad: 4}', ...ended);
    expect(first.code).toBe(1);
    expect(first.byName.daily).toMatchObject({ status: 'partial success' });
    expect(
      await workspace.query('select day::text, events::int as events from daily order by 1'),
    ).toEqual([
      { day: '2026-01-01 00:00:00+00', events: 4 },
      { day: '2026-01-03 00:00:00+00', events: 4 },
    ]);
    const project = join(workspace.dir, 'project');
    writeFileSync(
      join(project, 'models/daily.sql'),
      FILES['models/daily.sql'].replace("var('bad', -1)", '-1'),
    );
    const again = await run(workspace, 'retry');
    expect(again.byName.daily).toMatchObject({
      status: 'success',
      message: 'MICROBATCH 1 in 1 of 1 batches',
    });
    expect(
      await workspace.query('select batch, events::int as events from daily order by 1'),
    ).toEqual([
      { batch: '20260101000000', events: 4 },
      { batch: '20260102000000', events: 4 },
      { batch: '20260103000000', events: 4 },
    ]);
    // only the window that is asked for is built again
    await run(
      workspace,
      'run',
      '--vars',
      '{last: 9}',
      '--event-time-start',
      '2026-01-02',
      '--event-time-end',
      '2026-01-03',
    );
    expect(await workspace.query('select sum(events)::int as n from daily')).toEqual([{ n: 12 }]);
    await run(
      workspace,
      'run',
      '--vars',
      '{last: 9}',
      '--event-time-start',
      '2026-01-03',
      '--event-time-end',
      '2026-01-04',
    );
    expect(await workspace.query('select sum(events)::int as n from daily')).toEqual([{ n: 10 }]);
  });
});

describe('contracts', () => {
  test('are held against the select, and made into constraints', async () => {
    const workspace = await createWorkspace('embedded');
    const yaml = (type: string) => `
models:
  - name: device
    config: {materialized: table, contract: {enforced: true}}
    constraints: [{type: unique, columns: [label]}]
    columns:
      - {name: id, data_type: ${type}, constraints: [{type: not_null}, {type: primary_key}, {type: check, expression: id > 0}]}
      - {name: label, data_type: varchar(10)}
`;
    writeProject(workspace, {
      'models/device.sql': "select 'a'::varchar as label, {{ var('id', 1) }} as id",
      'models/device.yml': yaml('int'),
    });
    expect((await run(workspace, 'run')).byName.device).toMatchObject({ status: 'success' });
    expect(
      await workspace.query(
        "select contype from pg_constraint where conrelid = 'device'::regclass and contype in ('c', 'p', 'u') order by 1",
      ),
    ).toEqual([{ contype: 'c' }, { contype: 'p' }, { contype: 'u' }]);
    const broken = await run(workspace, 'run', '--vars', '{id: -1}');
    expect(broken.byName.device?.message).toContain('check constraint');
    workspace.write('project/models/device.yml', yaml('text'));
    const wrong = await run(workspace, 'run');
    expect(wrong.byName.device).toMatchObject({
      status: 'error',
      message: 'device breaks its contract: id is integer, not text.',
    });
    expect(await workspace.query('select id from device')).toEqual([{ id: 1 }]);
  });
});

describe.each(ENGINES)('a project for dbt-timescaledb on the %s engine', (engine) => {
  test('gives its hypertables, policies and continuous aggregates, and keeps their data', async () => {
    const workspace = await createWorkspace(engine);
    writeProject(workspace, {
      'models/metric.sql': `{{ config(
          materialized='hypertable',
          main_dimension='at',
          chunk_time_interval="interval '1 week'",
          create_default_indexes=False,
          compression={'after': "interval '60 days'", 'segmentby': ['device'], 'orderby': 'at desc',
            'chunk_time_interval': "1 week", 'schedule_interval': "interval '6 hours'"},
          retention_policy={'drop_after': "interval '100 years'"},
          reorder_policy={'index': {'columns': ['at']}},
          indexes=[{'columns': ['device', 'at']}]
        ) }}
        select timestamptz '2026-01-01 00:00Z' + n * interval '1 hour' as at, n % 2 as device, n as value
        from generate_series(0, {{ var('last', 99) }}) as n`,
      'models/spread.sql': `{{ config(
          materialized='hypertable', empty_hypertable=True,
          main_dimension={'column_name': 'at', 'partition_interval': "interval '1 day'"},
          dimensions=[{'column_name': 'device', 'type': 'by_hash', 'number_partitions': 3}]
        ) }}
        select now() as at, 1 as device`,
      'models/counted.sql': `{{ config(
          materialized='hypertable', main_dimension='id', chunk_time_interval=100,
          integer_now_func='counted_now', integer_now_func_sql='select 1000::bigint',
          compression={'after': 500}
        ) }}
        select n::bigint as id, n as value from generate_series(0, 250) as n`,
      'models/daily.sql': `{{ config(
          materialized='continuous_aggregate',
          materialized_only=True, create_group_indexes=False,
          refresh_policy={'start_offset': "interval '1 month'", 'end_offset': "interval '1 hour'",
            'schedule_interval': "interval '1 hour'"},
          compression={'after': "interval '2 months'"}, indexes=[{'columns': ['device']}]
        ) }}
        select time_bucket('1 day', at) as day, device, count(*) as n
        from {{ ref('metric') }} group by 1, 2`,
      'models/late.sql': `{{ config(materialized='continuous_aggregate', materialized_only=True, refresh_now=False) }}
        select time_bucket('1 day', at) as day, count(*) as n from {{ ref('metric') }} group by 1`,
      'models/other.sql': `{{ config(materialized='virtual_hypertable', retention_policy={'drop_after': "interval '5 years'"},
          chunk_time_interval="interval '2 days'") }}
        select 1`,
      'dbt_project.yml': `
name: metrics
on-run-start: >-
  create table if not exists other (at timestamptz not null, v int);
  select create_hypertable('other', 'at', if_not_exists => true)
`,
    });
    const first = await run(workspace, 'build');
    expect(first.byName).toMatchObject(
      Object.fromEntries(
        ['metric', 'spread', 'counted', 'daily', 'late', 'other'].map((name) => [
          name,
          { status: 'success' },
        ]),
      ),
    );
    expect(
      await workspace.query(
        `select hypertable_name as name, column_name as col, num_partitions as parts, time_interval::text as width, integer_interval::int as ints, integer_now_func as now
          from timescaledb_information.dimensions where hypertable_schema = 'public' order by 1, dimension_number`,
      ),
    ).toEqual([
      { name: 'counted', col: 'id', parts: null, width: null, ints: 100, now: 'counted_now' },
      { name: 'metric', col: 'at', parts: null, width: '7 days', ints: null, now: null },
      { name: 'other', col: 'at', parts: null, width: '2 days', ints: null, now: null },
      { name: 'spread', col: 'at', parts: null, width: '1 day', ints: null, now: null },
      { name: 'spread', col: 'device', parts: 3, width: null, ints: null, now: null },
    ]);
    expect(
      await workspace.query(
        `select hypertable_name as name, proc_name as proc, schedule_interval::text as every
          from timescaledb_information.jobs where hypertable_schema = 'public' and hypertable_name <> 'daily' order by 1, 2`,
      ),
    ).toEqual([
      { name: 'counted', proc: 'policy_compression', every: '12:00:00' },
      { name: 'metric', proc: 'policy_compression', every: '06:00:00' },
      { name: 'metric', proc: 'policy_reorder', every: expect.any(String) },
      { name: 'metric', proc: 'policy_retention', every: '1 day' },
      { name: 'other', proc: 'policy_retention', every: '1 day' },
    ]);
    expect(await workspace.query('select sum(n)::int as n from daily')).toEqual([{ n: 100 }]);
    expect(await workspace.query('select count(*)::int as n from late')).toEqual([{ n: 0 }]);
    expect(await workspace.query('select count(*)::int as n from spread')).toEqual([{ n: 0 }]);

    // dbt-timescaledb drops what is there; here nothing is missing at any time
    const second = await run(workspace, 'build', '--vars', '{last: 199}');
    expect(second.code).toBe(0);
    expect(await workspace.query('select count(*)::int as n from metric')).toEqual([{ n: 200 }]);
    expect(await workspace.query('select sum(n)::int as n from daily')).toEqual([{ n: 200 }]);
  });
});

describe.each(ENGINES)('models that ask is_incremental() on the %s engine', (engine) => {
  test('are filled as by dbt when they are first built, and by --full-refresh', async () => {
    const workspace = await createWorkspace(engine);
    const land = async (name: string, device: string) => {
      const telemetry = { [`${device}/${name}`]: { BatteryPowerW: [[T0, 1]] } };
      const source = writeResponses(workspace, name, { telemetry });
      await workspace.beltOk('land', '--source', source);
    };
    const newest = (column: string) =>
      `{% if is_incremental() %} where ${column} > (select max(${column}) from {{ this }}) {% endif %}`;
    writeProject(workspace, {
      'models/measured.sql': `{{ config(materialized='hypertable', main_dimension='at') }}
        select at, '{{ var('run') }}' as run
        from generate_series(timestamptz '2026-01-01', timestamptz '2026-01-{{ var('day') }}', '1 day') as at
        ${newest('at')}`,
      'models/landed.sql': `{{ config(materialized='hypertable', main_dimension='landed_at') }}
        select landed_at, response_id, '{{ var('run') }}' as run
        from {{ new_rows(source('raw', 'telemetry_response')) }} as response ${newest('response_id')}`,
      'models/listed.sql': `{{ config(materialized='incremental') }}
        select response_id, '{{ var('run') }}' as run
        from {{ new_rows(source('raw', 'telemetry_response')) }} as response ${newest('response_id')}`,
      'models/sources.yml':
        'sources: [{name: raw, schema: raw, tables: [{name: telemetry_response}]}]',
    });
    const vars = (name: string, day: string) => ['--vars', `{run: ${name}, day: '${day}'}`];
    const runs = () =>
      workspace.query(
        ['measured', 'landed', 'listed']
          .map(
            (name) => `select '${name}' as name, run, count(*)::int as n from ${name} group by 2`,
          )
          .join(' union all '),
      );
    await land('one', DEVICE_A);
    await land('two', DEVICE_B);
    await run(workspace, 'run', ...vars('first', '10'));
    expect(await runs()).toEqual([
      { name: 'measured', run: 'first', n: 10 },
      { name: 'landed', run: 'first', n: 2 },
      { name: 'listed', run: 'first', n: 2 },
    ]);
    await land('three', DEVICE_A);
    await run(workspace, 'run', ...vars('second', '11'));
    expect(await runs()).toEqual(
      expect.arrayContaining([
        { name: 'measured', run: 'first', n: 10 },
        { name: 'measured', run: 'second', n: 1 },
        { name: 'landed', run: 'first', n: 2 },
        { name: 'landed', run: 'second', n: 1 },
        { name: 'listed', run: 'first', n: 2 },
        { name: 'listed', run: 'second', n: 1 },
      ]),
    );
    await run(workspace, 'run', '--full-refresh', ...vars('third', '12'));
    expect(await runs()).toEqual([
      { name: 'measured', run: 'third', n: 12 },
      { name: 'landed', run: 'third', n: 3 },
      { name: 'listed', run: 'third', n: 3 },
    ]);
  });
});

test.each(ENGINES)(
  'indexes have the same names in each database, and after each rebuild (%s)',
  async (engine) => {
    const files = {
      'models/kept.sql': `{{ config(materialized='table', indexes=[{'columns': ['n']}], contract={'enforced': True}) }}
      select 1 as n`,
      'models/kept.yml':
        'models: [{name: kept, columns: [{name: n, data_type: int, constraints: [{type: primary_key}]}]}]',
      'models/grown.sql': `{{ config(materialized='incremental', unique_key='n') }} select 1 as n, now() as at`,
      'models/measured.sql': `{{ config(materialized='hypertable', main_dimension='at', unique_key=['n', 'at'],
      create_default_indexes=False, indexes=[{'columns': ['at', 'n']}]) }} select 1 as n, now() as at`,
      'models/daily.sql': `{{ config(materialized='continuous_aggregate', indexes=[{'columns': ['rows']}]) }}
      select time_bucket('1 day', at) as day, count(*) as rows from {{ ref('measured') }} group by 1`,
    };
    const names = (workspace: Workspace) =>
      workspace.query<{ name: string }>(
        `select indexrelid::regclass::text as name from pg_index
        join pg_class as class on class.oid = indexrelid
        join pg_namespace as namespace on namespace.oid = class.relnamespace
        where nspname = 'public' or relname like 'daily%' order by 1`,
      );
    const [one, two] = [await createWorkspace(engine), await createWorkspace(engine)];
    for (const workspace of [one, two]) {
      writeProject(workspace, files);
      expect((await run(workspace, 'run')).code).toBe(0);
    }
    const first = await names(one);
    expect(first.map(({ name }) => name)).toEqual([
      expect.stringMatching(/daily_rows_[0-9a-f]{8}$/),
      expect.stringMatching(/^grown_n_[0-9a-f]{8}$/),
      expect.stringMatching(/^kept_n_[0-9a-f]{8}$/),
      'kept_pkey',
      expect.stringMatching(/^measured_at_n_[0-9a-f]{8}$/),
      'measured_pkey',
    ]);
    expect(await names(two)).toEqual(first);
    // a hypertable, whose chunks are not to be touched for a name, has another one every other time
    for (let rebuild = 0; rebuild < 2; rebuild++) await run(one, 'run', '--full-refresh');
    expect(await names(one)).toEqual(first);
    // a changed config makes no index twice
    const daily = files['models/daily.sql'].replace('indexes=', 'materialized_only=True, indexes=');
    one.write('project/models/daily.sql', daily);
    await run(one, 'run');
    expect(await names(one)).toEqual(first);
  },
);
