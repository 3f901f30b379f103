import { describe, expect, it } from 'vitest';
import { compile, faultsOf, load, model, rendered } from './temp-project.js';

const RAW = {
  'models/sources.yml':
    'sources:\n  - name: raw\n    schema: landing\n    tables:\n      - name: telemetry\n        identifier: telemetry_v1\n',
};

describe('what models can ask', () => {
  it('ref, source and this print quoted relations, with their parts as members', () => {
    const text =
      "{{ this }} {{ this.schema }} {{ this.name }} {{ this.identifier }} {{ this.database }} {{ source('raw', 'telemetry') }} {{ ref('other') }} {{ ref('belt', 'other').identifier }}";
    expect(rendered(text, { ...RAW, 'models/other.sql': 'select 1' })).toBe(
      '"main"."m" main m m db "landing"."telemetry_v1" "main"."other" other',
    );
  });

  it('target, flags, model and the run', () => {
    expect(
      rendered(
        "{{ target.name }} {{ target.schema }} {{ target.type }} {{ target.port }} {{ target.get('user') }} {{ flags.FULL_REFRESH }} {{ model.unique_id }} {{ run_started_at.strftime('%Y/%m/%d %H:%M') }} {{ invocation_id }}{{ log('x') }}",
      ),
    ).toBe('dev main postgres 5432 me False model.belt.m 2026/03/04 05:06 run-1');
  });

  it('var: of the command line over dbt_project.yml over a default', () => {
    const project = {
      'dbt_project.yml': 'name: shop\nvars:\n  a: 1\n  b: 1\n  shop:\n    b: 2\n',
    };
    expect(
      rendered(
        "{{ var('a') }}{{ var('b') }}{{ var('c', 3) }}{{ var('d', default='4') }}",
        project,
        {
          vars: { a: 9 },
        },
      ),
    ).toBe('9234');
    expect(faultsOf({ ...project, 'models/m.sql': "\n{{ var('bb') }}" })).toEqual([
      'models/m.sql:2: The variable bb is not set (did you mean b?).',
    ]);
  });

  it('env_var: set, default, unset, secret', () => {
    const env = { HOME_TOWN: 'x', DBT_ENV_SECRET_KEY: 's' };
    expect(rendered("{{ env_var('HOME_TOWN') }}{{ env_var('NO', 'd') }}", {}, { env })).toBe('xd');
    expect(faultsOf({ 'models/m.sql': "\n{{ env_var('NO') }}" }, { env })).toEqual([
      'models/m.sql:2: The environment variable NO is not set.',
    ]);
    expect(faultsOf({ 'models/m.sql': "{{ env_var('DBT_ENV_SECRET_KEY') }}" }, { env })[0]).toMatch(
      /^models\/m\.sql:1: The environment variable DBT_ENV_SECRET_KEY is a secret/,
    );
  });

  it('config.get and config.require', () => {
    expect(
      rendered(
        "{{ config(x=1) }}{{ config.get('x') }}{{ config.get('y', 2) }}{{ config.require('x') }}",
      ),
    ).toBe('121');
    expect(faultsOf({ 'models/m.sql': "a\n{{ config.require('z') }}" })).toEqual([
      'models/m.sql:2: The config z is required, but not set.',
    ]);
  });

  it('relations that adapter and api name, with a schema and of this database', () => {
    const known = "schema='s', identifier='t', database='db'";
    expect(rendered(`{{ api.Relation.create(${known}) }}`)).toBe('"s"."t"');
    expect(rendered(`{{ adapter.get_relation(${known}) is none }}`)).toBe('True');
    for (const name of ['adapter.get_relation', 'api.Relation.create']) {
      expect(faultsOf({ 'models/m.sql': `\n{{ ${name}(identifier='t') }}` })).toEqual([
        `models/m.sql:2: ${name}() takes a schema and an identifier, as texts.`,
      ]);
      expect(faultsOf({ 'models/m.sql': `\n{{ ${name}('other', 's', 't') }}` })).toEqual([
        `models/m.sql:2: ${name}() names the database other.`,
      ]);
    }
  });

  it('execute is false while parsing, and true while compiling', () => {
    expect(
      rendered(
        '{% if execute %}run{% else %}{{ exceptions.raise_compiler_error("no") if false }}{% endif %}',
      ),
    ).toBe('run');
    expect(
      faultsOf({ 'models/m.sql': '{% if not execute %}\n{{ oops }}{% endif %}' }),
    ).toHaveLength(1);
  });

  it('a ref that only execute leads to is refused, with what to do', () => {
    const files = {
      'models/o.sql': 'select 1',
      'models/m.sql': "{% if execute %}\n{{ ref('o') }}{% endif %}",
    };
    expect(() => compile(load(files), 'm')).toThrow(/m reads ref\('o'\), which was not seen/);
  });

  it('exceptions.raise_compiler_error', () => {
    expect(
      faultsOf({ 'models/m.sql': "\n{{ exceptions.raise_compiler_error('bad ' ~ 1) }}" }),
    ).toEqual(['models/m.sql:2: bad 1']);
  });

  it.each([
    ['modules.datetime', 'modules.datetime'],
    ['modules.datetime.datetime', 'modules.datetime'],
    ["metric('x')", 'metric()'],
  ])('%s is not supported, and says so', (call, name) => {
    expect(faultsOf({ 'models/m.sql': `select\n{{ ${call} }}` })).toEqual([
      `models/m.sql:2: ${name} is not supported by belt.`,
    ]);
  });

  it('is_incremental: both branches are found, each is compiled', () => {
    const project = load({
      'models/a.sql': 'select 1',
      'models/b.sql': 'select 1',
      'models/m.sql':
        "{% if is_incremental() %}{{ ref('a') }} {{ this }}{% else %}{{ ref('b') }}{% endif %}",
    });
    expect(model(project, 'm').dependsOn).toEqual(['model.belt.b', 'model.belt.a']);
    expect(compile(project, 'm').sql).toBe('"main"."b"');
    expect(compile(project, 'm', { isIncremental: true }).sql).toBe('"main"."a" "main"."m"');
  });
});

describe('what run_query() gives', () => {
  const query = () => ({
    columns: ['name', 'watts'],
    rows: [
      ['a', 1],
      ['b', null],
      ['a', 3],
    ],
  });
  it.each([
    ['t.columns[0].values()', "('a', 'b', 'a')"],
    ['t.columns.watts.values_distinct()', '[1, None, 3]'],
    ["t.columns['name'].name ~ t.columns.keys() ~ t.columns", "name['name', 'watts']name, watts"],
    ["t.columns | map(attribute='name') | join(' ')", 'name watts'],
    ['t.columns[1][2] ~ t.columns[-1] ~ (t.columns.watts | list)', '3watts[1, None, 3]'],
    ['t.column_names ~ t.rows | length ~ t.print_table()', "('name', 'watts')3"],
    ['t.rows[0].name ~ t[1][0] ~ t.rows[-1]["watts"] ~ t[0].watts', 'ab31'],
    ['t[1].watts is none', 'True'],
    [
      't.rows[0].values() ~ t[0].keys() ~ t[2].dict()',
      "('a', 1)['name', 'watts']{'name': 'a', 'watts': 3}",
    ],
    ["t | map(attribute='name') | join(' ')", 'a b a'],
    ['t[0] | list', "['a', 1]"],
    ['t ~ t[0]', '<table of 3 rows: name, watts><row: a, 1>'],
    ['t.nothing is defined or t.columns.nothing is defined or t[0].nothing is defined', 'False'],
  ])('%s', (expression, expected) => {
    const text = `{% set t = run_query('select') %}{{ ${expression} if execute }}`;
    expect(compile(load({ 'models/m.sql': text }), 'm', { query }).sql).toBe(expected);
  });
});

describe('run_started_at', () => {
  it.each([
    [
      "strftime('%A %d %B %Y, %H:%M:%S.%f %j %y %Z%z %%')",
      'Wednesday 04 March 2026, 05:06:07.000000 063 26 UTC+0000 %',
    ],
    ["strftime('%a %b %m %s %q')", 'Wed Mar 03 1772600767 %q'],
    ['isoformat()', '2026-03-04T05:06:07.000000+00:00'],
    ['timestamp()', '1772600767'],
    ['date()', '2026-03-04'],
    ['year ~ run_started_at.month ~ run_started_at.day ~ run_started_at.hour', '2026345'],
  ])('%s', (expression, expected) => {
    expect(rendered(`{{ run_started_at.${expression} }}`)).toBe(expected);
  });
});

describe("belt's own functions", () => {
  const seed = { 'models/seeds/metric.csv': 'name,unit\npower,W\ncharge,\n' };

  it('seed_rows gives the rows, and is a dependency', () => {
    const text =
      "{% for m in seed_rows('metric') %}{{ m.name }}={{ m.unit if m.unit is not none else '-' }} {% endfor %}";
    const project = load({ 'models/m.sql': text, ...seed });
    expect(compile(project, 'm').sql).toBe('power=W charge=-');
    expect(model(project, 'm').dependsOn).toEqual(['seed.belt.metric']);
    expect(faultsOf({ 'models/m.sql': "\n{{ seed_rows('metrics') }}", ...seed })).toEqual([
      'models/m.sql:2: There is no seed metrics (did you mean metric?).',
    ]);
  });

  it('new_rows is what the caller says, of all rows if nobody does', () => {
    const text = "select * from {{ new_rows(source('raw', 'telemetry')) }} as r";
    const project = load({ ...RAW, 'models/m.sql': text, 'models/n.sql': 'select 1' });
    expect(model(project, 'm').usesNewRows).toBe(true);
    expect(model(project, 'm').newRowsOf).toEqual(['source.belt.raw.telemetry']);
    expect(model(project, 'n')).toMatchObject({ usesNewRows: false, newRowsOf: [] });
    expect(compile(project, 'm').sql).toBe(
      'select * from (select * from "landing"."telemetry_v1") as r',
    );
    expect(compile(project, 'm', { newRows: (one) => `new_of(${one.identifier})` }).sql).toBe(
      'select * from new_of(telemetry_v1) as r',
    );
    expect(faultsOf({ 'models/m.sql': "\n{{ new_rows('x') }}" })).toEqual([
      'models/m.sql:2: new_rows() takes what source() or ref() gives.',
    ]);
  });
});

describe('compiling', () => {
  it('points refs and this elsewhere', () => {
    const project = load({
      'models/a.sql': 'select 1',
      'models/m.sql': "{{ ref('a') }} {{ this }};",
    });
    const beside = { schema: 'tmp', identifier: 'x"y' };
    expect(compile(project, 'm', { standIn: () => beside, target: beside }).sql).toBe(
      '"tmp"."x""y" "tmp"."x""y"',
    );
  });

  it('renders hooks, and takes what they read as dependencies', () => {
    const project = load({
      'models/a.sql': 'select 1',
      'models/m.sql':
        "{{ config(pre_hook='set x', post_hook=[\"analyze {{ this }}\", {'sql': \"select from {{ ref('a') }}\"}]) }} select 1",
    });
    expect(model(project, 'm').dependsOn).toEqual(['model.belt.a']);
    expect(compile(project, 'm')).toMatchObject({
      preHooks: ['set x'],
      postHooks: ['analyze "main"."m"', 'select from "main"."a"'],
    });
  });

  it('tells a fault of a hook at its line of the model', () => {
    const text = '{{ config(\n  post_hook="analyze {{ thsi }}"\n) }} select 1';
    expect(faultsOf({ 'models/m.sql': text })).toEqual([
      'models/m.sql:2: In a hook: thsi is not defined (did you mean this?).',
    ]);
  });

  it('inlines ephemeral models as CTEs, each once and after what it reads', () => {
    const ephemeral = "{{ config(materialized='ephemeral') }}";
    const project = load({
      'models/a.sql': `${ephemeral} select 1 as x;`,
      'models/b.sql': `${ephemeral} select * from {{ ref('a') }}`,
      'models/m.sql': "select * from {{ ref('b') }} join {{ ref('a') }} using (x)",
      'models/n.sql': "-- why\nwith own as (select 2) select * from own, {{ ref('a') }}",
      'models/r.sql': "with recursive own as (select 2) select * from own, {{ ref('a') }}",
    });
    expect(compile(project, 'm').sql).toBe(
      'with __dbt__cte__a as (\nselect 1 as x\n), __dbt__cte__b as (\nselect * from __dbt__cte__a\n)\nselect * from __dbt__cte__b join __dbt__cte__a using (x)',
    );
    expect(compile(project, 'n').sql).toBe(
      '-- why\nwith __dbt__cte__a as (\nselect 1 as x\n), own as (select 2) select * from own, __dbt__cte__a',
    );
    expect(compile(project, 'r').sql).toMatch(
      /^with recursive __dbt__cte__a as \(\nselect 1 as x\n\), own as/,
    );
  });
});
