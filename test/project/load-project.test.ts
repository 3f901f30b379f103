import { describe, expect, it } from 'vitest';
import { ProjectFaults } from '../../src/project/faults.js';
import { faultsOf, load, model } from './temp-project.js';

describe('reading a project', () => {
  it('without dbt_project.yml has the name belt and the default paths', () => {
    const project = load({
      'models/010_staging/020_stg.sql': 'select 1',
      'models/seeds/a.csv': 'x\n1\n',
      'seeds/b.csv': 'x\n1\n',
    });
    expect([...project.nodes.keys()].sort()).toEqual([
      'model.belt.020_stg',
      'seed.belt.a',
      'seed.belt.b',
    ]);
    expect(model(project, '020_stg')).toMatchObject({
      path: 'models/010_staging/020_stg.sql',
      fqn: ['belt', '010_staging', '020_stg'],
      language: 'sql',
      config: { materialized: 'view' },
      checksum: '822ae07d4783158bc1912bb623e5107cc9002d519e1143a9c200ed6ee18b6d0f',
    });
  });

  it('takes name and paths from dbt_project.yml', () => {
    const project = load({
      'dbt_project.yml':
        "name: shop\nmodel-paths: [sql]\nseed-paths: [data]\nmacro-paths: [lib]\nmodels:\n  shop:\n    +schema: \"{{ target.name }}_{{ env_var('X', 'y') }}\"\n",
      'sql/m.sql': '{{ a() }}',
      'data/s.csv': 'x\n1\n',
      'lib/a.sql': '{% macro a() %}1{% endmacro %}',
      'models/not.sql': '{{ unknown }}',
    });
    expect([...project.nodes.keys()]).toEqual(['model.shop.m', 'seed.shop.s']);
    expect(model(project, 'm').relation).toEqual({ schema: 'main_dev_y', identifier: 'm' });
  });

  it('merges config: folder < properties < config(); tags, meta and hooks add up', () => {
    const project = load({
      'dbt_project.yml': `name: shop
models:
  +tags: all
  materialized: table
  shop:
    +meta: {owner: us, level: 1}
    staging:
      +materialized: view
      compression: {after: 1 day}
      +post-hook: analyze
      deep:
        +enabled: true
        +tags: [deep]
    m:
      +fillfactor: 70
`,
      'models/staging/deep/m.sql':
        "{{ config(alias='n', tags='own', meta={'level': 3}, post_hook=['vacuum'], indexes=[{'columns': ['a']},],) }} select 1",
      'models/staging/props.yml':
        'models:\n  - name: m\n    tags: [yml]\n    meta: {level: 2, x: y}\n    config:\n      materialized: incremental\n      schema: mart\n',
      'models/other.sql': 'select 1',
    });
    expect(model(project, 'm')).toMatchObject({
      config: {
        materialized: 'incremental',
        compression: { after: '1 day' },
        tags: ['all', 'deep', 'yml', 'own'],
        meta: { owner: 'us', level: 3, x: 'y' },
        post_hook: ['analyze', 'vacuum'],
        indexes: [{ columns: ['a'] }],
      },
      tags: ['all', 'deep', 'yml', 'own'],
      relation: { schema: 'main_mart', identifier: 'n' },
    });
    expect(model(project, 'm').config).not.toHaveProperty('fillfactor');
    expect(model(project, 'other').config).toEqual({
      tags: ['all'],
      materialized: 'table',
      meta: { owner: 'us', level: 1 },
    });
  });

  it('keeps what YAML says of models, columns, tests and docs', () => {
    const project = load({
      'models/m.sql': 'select 1 as id',
      'models/m.yml': `models:
  - name: m
    description: "  One {{ thing }} a row. "
    docs: {show: false}
    data_tests: [{accepted_values: {column_name: id, values: [2]}}]
    columns:
      - name: id
        description: Key.
        data_type: integer
        tests: [unique, {accepted_values: {values: [1]}}]
        meta: {pii: true}
        tags: [key]
`,
    });
    expect(model(project, 'm')).toMatchObject({
      description: 'One {{ thing }} a row.',
      docs: { show: false },
      tests: [{ accepted_values: { column_name: 'id', values: [2] } }],
      columns: {
        id: {
          name: 'id',
          description: 'Key.',
          dataType: 'integer',
          tests: ['unique', { accepted_values: { values: [1] } }],
          meta: { pii: true },
          tags: ['key'],
        },
      },
    });
  });

  it('reads sources, with what they inherit', () => {
    const project = load({
      'models/s.yaml': `sources:
  - name: raw
    database: lake
    schema: "{{ target.schema }}_raw"
    description: All.
    tags: [vendor]
    loaded_at_field: at
    freshness: {warn_after: {count: 1, period: day}}
    tables:
      - {name: a, identifier: a_v2, description: A., tags: [x]}
      - {name: b, freshness: null, loaded_at_field: landed}
      - {name: c, config: {enabled: false}}
`,
    });
    expect([...project.nodes.keys()]).toEqual(['source.belt.raw.a', 'source.belt.raw.b']);
    expect(project.nodes.get('source.belt.raw.a')).toMatchObject({
      resourceType: 'source',
      sourceName: 'raw',
      sourceDescription: 'All.',
      name: 'a',
      description: 'A.',
      tags: ['vendor', 'x'],
      loadedAtField: 'at',
      freshness: { warn_after: { count: 1, period: 'day' } },
      relation: { database: 'lake', schema: 'main_raw', identifier: 'a_v2' },
    });
    expect(project.nodes.get('source.belt.raw.b')).toMatchObject({
      loadedAtField: 'landed',
      freshness: undefined,
    });
  });

  it('reads seeds: header, rows, config', () => {
    const project = load({
      'dbt_project.yml':
        'name: shop\nseeds:\n  shop:\n    +delimiter: ";"\n    +quote_columns: true\n',
      'seeds/s.csv': '\ufeffa;b\n1;"x;y"\n\n;z\n',
      'seeds/s.yml': 'seeds:\n  - name: s\n    config: {column_types: {a: integer}}\n',
    });
    expect(project.nodes.get('seed.shop.s')).toMatchObject({
      header: ['a', 'b'],
      rows: [
        { a: '1', b: 'x;y' },
        { a: null, b: 'z' },
      ],
      config: { delimiter: ';', quote_columns: true, column_types: { a: 'integer' } },
      relation: { schema: 'main', identifier: 's' },
    });
  });

  it('leaves out what is disabled', () => {
    const off = '{{ config(enabled=false) }} select 1';
    const project = load({
      'models/a/m.sql': off,
      'models/b/m.sql': 'select 1',
      'models/n.sql': off,
      'models/n.yml': 'models:\n  - name: n\n    description: Known.\n',
      'models/o.sql': "select * from {{ ref('m') }}",
    });
    expect([...project.nodes.keys()]).toEqual(['model.belt.m', 'model.belt.o']);
    expect(model(project, 'm').path).toBe('models/b/m.sql');
  });

  it('runs models after what they read, ties by path', () => {
    const project = load({
      'models/20_b/01_x.sql': 'select 1',
      'models/10_a/02_y.sql': "select * from {{ ref('01_x') }}",
      'models/10_a/03_z.sql': 'select 1',
      'models/30_c/00_w.sql': 'select 1',
    });
    expect(project.order.map((id) => id.split('.').at(-1))).toEqual([
      '03_z',
      '01_x',
      '02_y',
      '00_w',
    ]);
  });

  it('reads 1,000 models', () => {
    const files: Record<string, string> = {};
    for (let index = 0; index < 1000; index++) {
      const parent = index === 0 ? '' : `from {{ ref('m${Math.floor(index / 2)}') }}`;
      files[`models/m${index}.sql`] =
        `{{ config(materialized='table', tags=['a']) }}\nselect\n${"    {{ 'x' | upper }} as a, -- a comment of some length\n".repeat(20)}${index === 1 ? '' : parent}`;
    }
    expect(load(files).order).toHaveLength(1000);
  });
});

describe('faults of a project', () => {
  it('are all told together, with file and line', () => {
    expect(
      faultsOf({
        'models/a.sql':
          "select 1\nfrom {{ ref('stg_reeding') }}\njoin {{ source('raw', 'telemety') }}",
        'models/b.sql': 'select\n{% if %}',
        'models/c.yml': 'models:\n  - name: c\n   description: x\n',
        'models/reads_b.sql': "select * from {{ ref('b') }}",
        'models/sources.yml': 'sources:\n  - name: raw\n    tables:\n      - name: telemetry\n',
        'models/stg_reading.sql': 'select 1',
        'seeds/ragged.csv': 'a,b\n1,2\n3\n',
      }),
    ).toEqual([
      'models/a.sql:2: a reads the model or seed stg_reeding, which does not exist (did you mean stg_reading?).',
      'models/a.sql:3: a reads the source raw.telemety, which does not exist (did you mean raw.telemetry?).',
      expect.stringMatching(/^models\/b\.sql:2: Expected a value/),
      expect.stringMatching(/^models\/c\.yml:3: This is not valid YAML/),
      expect.stringMatching(/^seeds\/ragged\.csv:3: This seed cannot be read/),
    ]);
  });

  it('of a reference within a macro name the macro file', () => {
    expect(
      faultsOf({
        'macros/a.sql': "{% macro a() %}\n{{ ref('gone') }}{% endmacro %}",
        'models/m.sql': '{{ a() }}',
      }),
    ).toEqual(['macros/a.sql:2: m reads the model or seed gone, which does not exist.']);
  });

  it('of cycles give the path', () => {
    const files = {
      'models/a.sql': "select\n1 from {{ ref('b') }}",
      'models/b.sql': "select * from {{ ref('c') }}",
      'models/c.sql': "select * from {{ ref('a') }}",
    };
    expect(faultsOf(files)).toEqual([
      'models/a.sql:2: Models read each other in a cycle: a -> b -> c -> a.',
    ]);
    expect(faultsOf({ 'models/a.sql': "select * from {{ ref('a') }}" })).toEqual([
      'models/a.sql:1: Models read each other in a cycle: a -> a.',
    ]);
  });

  it.each([
    [
      'two models of one name',
      { 'models/a/m.sql': 'select 1', 'models/b/m.sql': 'select 1' },
      'models/b/m.sql:1: There are two models or seeds of the name m: models/a/m.sql and models/b/m.sql.',
    ],
    [
      'a model and a seed of one name',
      { 'models/m.sql': 'select 1', 'seeds/m.csv': 'a\n1\n' },
      'seeds/m.csv:1: There are two models or seeds of the name m: models/m.sql and seeds/m.csv.',
    ],
    [
      'two models that are built as one',
      { 'models/a.sql': 'select 1', 'models/b.sql': "{{ config(alias='a') }} select 1" },
      'models/b.sql:1: There are two models or seeds that are built as "main"."a": models/a.sql and models/b.sql.',
    ],
    [
      'a source described twice',
      {
        'models/a.yml': 'sources:\n  - name: r\n    tables: [{name: t}]\n',
        'models/b.yml': 'sources:\n  - name: r\n    tables:\n      - name: t\n',
      },
      'models/b.yml:4: The source r.t is described twice: in models/a.yml:3, and here.',
    ],
    [
      'a model described twice',
      { 'models/m.sql': 'select 1', 'models/m.yml': 'models:\n  - name: m\n  - name: m\n' },
      'models/m.yml:3: m is described twice: in models/m.yml:2, and here.',
    ],
    [
      'a disabled model that is read',
      {
        'models/a.sql': '{{ config(enabled=false) }} select 1',
        'models/m.sql': "select\n* from {{ ref('a') }}",
      },
      'models/m.sql:2: m reads a, which is disabled.',
    ],
    [
      'a disabled source that is read',
      {
        'models/a.yml':
          'sources:\n  - name: r\n    tables: [{name: t, config: {enabled: false}}]\n',
        'models/m.sql': "select * from {{ source('r', 't') }}",
      },
      'models/m.sql:1: m reads r.t, which is disabled.',
    ],
    [
      'a model of a package',
      { 'models/m.sql': "\n{{ ref('dbt_utils', 'x') }}" },
      'models/m.sql:2: m reads x of the package dbt_utils.',
    ],
    ['an empty model', { 'models/m.sql': ' \n' }, 'models/m.sql:1: The model m is empty.'],
    [
      'a seed with two columns of a name',
      { 'seeds/s.csv': 'a,a\n1,2\n' },
      'seeds/s.csv:1: This seed has two columns of the name a.',
    ],
    [
      'Jinja in YAML',
      {
        'models/m.sql': '1',
        'models/m.yml': 'models:\n\n  - name: m\n    config: {x: "{{ oops }}"}\n',
      },
      'models/m.yml:3: oops is not defined.',
    ],
    [
      'dbt_project.yml',
      { 'dbt_project.yml': 'name: shop\nmodels: [\n' },
      'dbt_project.yml:3: This is not valid YAML',
    ],
    [
      'the name of the project',
      { 'dbt_project.yml': 'version: 1\nname: my shop\n' },
      `dbt_project.yml:2: The project's name "my shop" is not an identifier.`,
    ],
  ])('%s', (_, files, expected) => {
    const [fault, ...others] = faultsOf(files as unknown as Record<string, string>);
    expect(fault).toContain(expected);
    expect(others).toEqual([]);
  });

  it('each say what to do', () => {
    try {
      load({ 'models/m.sql': "{{ ref('x') }}{{ source('a', 'b') }}", 'seeds/s.csv': 'a\n1,2\n' });
      expect.unreachable();
    } catch (error) {
      if (!(error instanceof ProjectFaults)) throw error;
      expect(error.message).toBe('The project has 3 faults; nothing was run.');
      for (const fault of error.faults) expect(fault.hint).toMatch(/\.$/);
    }
  });
});
