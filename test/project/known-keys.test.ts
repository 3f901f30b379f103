import { describe, expect, it } from 'vitest';
import { SHOP } from '../support/shop-project.js';
import { type Files, faultsOf, load, model, unitTest, warningsOf } from './temp-project.js';

const M: Files = { 'models/m.sql': 'select 1 as id' };

/** A model with YAML of its own. */
function described(yaml: string): Files {
  return { ...M, 'models/m.yml': yaml };
}

describe('projects as people write them', () => {
  it('have neither faults nor warnings', () => {
    expect(warningsOf(SHOP)).toEqual([]);
  });

  it('may say what is for dbt alone, which is told once each', () => {
    expect(
      warningsOf({
        'dbt_project.yml': `name: shop
version: '1.0.0'
config-version: 2
require-dbt-version: [">=1.6.0"]
model-paths: ["models"]
analysis-paths: ["analyses"]
clean-targets: [target, dbt_packages]
target-path: target
quoting: {identifier: false}
models:
  shop:
    +snowflake_warehouse: big
    example:
      +materialized: view
`,
        'models/a.sql': "{{ config(snowflake_warehouse='small', team='x') }} select 1",
        'models/b.sql': "{{ config(team='y') }} select 1",
        'models/m.yml': `version: 2
models:
  - name: a
    access: private
    group: finance
exposures: [{name: e}]
`,
      }),
    ).toEqual([
      'dbt_project.yml:9: belt does nothing with quoting: it quotes all names as they stand.',
      'dbt_project.yml:12: belt knows no config snowflake_warehouse, and does nothing with it. The same in 1 other place.',
      'dbt_project.yml:13: models.shop.example applies to nothing.',
      'models/a.sql:1: belt knows no config team, and does nothing with it. The same in 1 other place.',
      'models/m.yml:4: belt does nothing with access: any model may read any other.',
      'models/m.yml:5: belt does nothing with group: any model may read any other.',
      'models/m.yml:6: belt does nothing with exposures: it tells of what others make of the models.',
    ]);
  });

  it('may have configs of their own that their templates ask for', () => {
    expect(
      warningsOf({
        'models/m.sql':
          "{{ config(layer='raw', tagz=['a']) }} select '{{ config.get('layer') }}{{ config.get('tagz') }}'",
      }),
    ).toEqual([]);
  });

  it('may describe a column twice, which is told', () => {
    expect(
      warningsOf(described('models:\n  - name: m\n    columns: [{name: a}, {name: a}]\n')),
    ).toEqual([
      'models/m.yml:3: The column a is described twice, and the entry before is passed over.',
    ]);
  });

  it('may have keys for anchors, and configs among the arguments of a data test', () => {
    const project = load(
      described(
        'x-columns:\n  - &id {name: id}\nmodels:\n  - name: m\n    columns:\n      - <<: *id\n        tests: [{unique: {arguments: {config: {where: id > 0}}}}]\n',
      ),
    );
    expect(project.warnings).toEqual([]);
    expect([...project.nodes.values()].find((node) => node.resourceType === 'test')).toMatchObject({
      name: 'unique_m_id',
      config: { where: 'id > 0' },
    });
  });

  it('merge YAML with <<', () => {
    const project = load(
      described(
        'anchors:\n  - &table {materialized: table}\nmodels:\n  - name: m\n    config: {<<: *table, tags: [a]}\n',
      ),
    );
    expect(model(project, 'm').config).toEqual({ materialized: 'table', tags: ['a'] });
  });
});

describe('a key that is not known is a fault', () => {
  it.each([
    [
      'in config()',
      { 'models/m.sql': "{{ config(\n  tags=['a'],\n  materialised='table'\n) }} select 1" },
      'models/m.sql:3: belt knows no config materialised (did you mean materialized?).',
    ],
    [
      'in config(): a dictionary of TimescaleDB',
      { 'models/m.sql': "{{ config(compresion={'after': '1 day'}) }} select 1" },
      'models/m.sql:1: belt knows no config compresion (did you mean compression?).',
    ],
    [
      'in a dictionary of config()',
      {
        'models/m.sql':
          "{{ config(materialized='hypertable', main_dimension='ts',\n  compression={'afterr': '1 day'}) }} select now() as ts",
      },
      'models/m.sql:2: compression has no key afterr (did you mean after?).',
    ],
    [
      'in a strategy',
      {
        'models/m.sql':
          "{{ config(materialized='incremental', incremental_strategy='apend') }} select 1",
      },
      'models/m.sql:1: incremental_strategy is apend, which belt does not know (did you mean append?).',
    ],
    [
      'in an index, which lacks its columns',
      {
        'models/m.sql': "{{ config(materialized='table',\n indexes=[{'unique': true}]) }} select 1",
      },
      'models/m.sql:2: An index has no columns.',
    ],
    [
      'in a constraint, which lacks its type',
      described(
        'models:\n  - name: m\n    columns:\n      - {name: id, constraints: [{expression: x}]}\n',
      ),
      'models/m.yml:4: A constraint has no type.',
    ],
    [
      'in a dimension, which lacks its column',
      {
        'models/m.sql':
          "{{ config(materialized='hypertable',\n main_dimension={'type': 'by_range'}) }} select now() as ts",
      },
      'models/m.sql:2: A dimension has no column_name.',
    ],
    [
      'in an index',
      {
        'models/m.sql': "{{ config(materialized='table', indexes=[{'colums': ['a']}]) }} select 1",
      },
      'models/m.sql:1: An index has no key colums (did you mean columns?).',
    ],
    [
      'of a singular test',
      { ...M, 'tests/t.sql': "{{ config(sevrity='warn') }} select * from {{ ref('m') }}" },
      'tests/t.sql:1: belt knows no config sevrity (did you mean severity?).',
    ],
    [
      'of a snapshot',
      {
        ...M,
        'snapshots/s.sql': `{% snapshot s %}\n{{ config(unique_kee='id', strategy='check', check_cols='all') }}\nselect 1 as id{% endsnapshot %}`,
      },
      'snapshots/s.sql:2: belt knows no config unique_kee (did you mean unique_key?).',
    ],
    [
      'of a model',
      described('models:\n  - name: m\n    colums:\n      - name: id\n'),
      'models/m.yml:3: A model has no key colums (did you mean columns?).',
    ],
    [
      'that every object has',
      described('models:\n  - name: m\n    toString: x\n'),
      'models/m.yml:3: A model has no key toString.',
    ],
    [
      'of a column',
      described('models:\n  - name: m\n    columns:\n      - name: id\n        descripton: x\n'),
      'models/m.yml:5: A column has no key descripton (did you mean description?).',
    ],
    [
      'of the config: of a model',
      described('models:\n  - name: m\n    config:\n      materialised: table\n'),
      'models/m.yml:4: belt knows no config materialised (did you mean materialized?).',
    ],
    [
      'of a table of a source',
      described('sources:\n  - name: raw\n    tables:\n      - name: a\n        identifer: b\n'),
      'models/m.yml:5: A table of a source has no key identifer (did you mean identifier?).',
    ],
    [
      'of a file of YAML',
      described('version: 2\nmodel:\n  - name: m\n'),
      'models/m.yml:2: A file of properties has no key model (did you mean models?).',
    ],
    [
      'of a data test',
      described(
        'models:\n  - name: m\n    tests: [{unique: {column_name: id, config: {wher: x}}}]\n',
      ),
      'models/m.yml:2: belt knows no config wher (did you mean where?).',
    ],
    [
      'of a unit test',
      unitTest('given: []\nexpect: {rows: []}\noverride: {vars: {a: 1}}'),
      'models/m.yml:6: A unit test has no key override (did you mean overrides?).',
    ],
    [
      'of the macros that a unit test overrides',
      unitTest('given: []\nexpect: {rows: []}\noverrides: {macros: {is_incrementl: true}}'),
      'models/m.yml:6: There is no macro is_incrementl (did you mean is_incremental?).',
    ],
    [
      'of the vars that a unit test overrides',
      unitTest('given: []\nexpect: {rows: []}\noverrides: {vars: {sinse: 1}}', {
        'models/r.sql': "select {{ var('since', 1) }} as id",
      }),
      'models/m.yml:6: There is no var sinse (did you mean since?).',
    ],
    [
      'of the variables of the environment that a unit test overrides',
      unitTest('given: []\nexpect: {rows: []}\noverrides: {env_vars: {REGOIN: x}}', {
        'macros/region.sql': "{% macro region() %}{{ env_var('REGION', 'y') }}{% endmacro %}",
      }),
      'models/m.yml:6: There is no variable of the environment REGOIN (did you mean REGION?).',
    ],
    [
      'of dbt_project.yml',
      { ...M, 'dbt_project.yml': 'nam: shop\n' },
      'dbt_project.yml:1: dbt_project.yml has no key nam (did you mean name?).',
    ],
    [
      'of dbt_project.yml: paths',
      { ...M, 'dbt_project.yml': 'name: shop\nmodel-path: [sql]\n' },
      'dbt_project.yml:2: dbt_project.yml has no key model-path (did you mean model-paths?).',
    ],
    [
      'of a folder in dbt_project.yml',
      { ...M, 'dbt_project.yml': 'name: shop\nmodels:\n  shop:\n    +materialised: table\n' },
      'dbt_project.yml:4: belt knows no config materialised (did you mean materialized?).',
    ],
    [
      'that is no folder of dbt_project.yml',
      {
        'models/staging/m.sql': 'select 1',
        'dbt_project.yml':
          'name: shop\nmodels:\n  shop:\n    stagin:\n      +materialized: table\n',
      },
      'dbt_project.yml:4: models.shop.stagin applies to nothing (did you mean staging?).',
    ],
    [
      'that is a dictionary of TimescaleDB without a +',
      {
        ...M,
        'dbt_project.yml': 'name: shop\nmodels:\n  shop:\n    compresion: {after: 1 day}\n',
      },
      'dbt_project.yml:4: models.shop.compresion applies to nothing (did you mean compression?).',
    ],
  ])('%s', (_, files, expected) => {
    expect(faultsOf(files as Files)).toEqual([expected]);
  });
});

describe('a name that stands for two is a fault', () => {
  it.each([
    [
      'of docs blocks',
      { 'models/a.md': '{% docs a %}{% enddocs %}\n{% docs a %}{% enddocs %}' },
      'models/a.md:2: The docs block a is described twice: in models/a.md:1, and here.',
    ],
    [
      'of unit tests of a model',
      described(
        `unit_tests:\n${'  - {name: t, model: m, given: [], expect: {rows: []}}\n'.repeat(2)}`,
      ),
      'models/m.yml:3: The unit test t of m is described twice: in models/m.yml:2, and here.',
    ],
    [
      'of singular tests',
      { 'tests/a/t.sql': 'select 1', 'tests/b/t.sql': 'select 1' },
      'tests/b/t.sql:1: The test t is described twice: in tests/a/t.sql:1, and here.',
    ],
  ])('%s', (_, files, expected) => {
    expect(faultsOf(files as Files)).toEqual([expected]);
  });
});

describe('a value of another kind is a fault', () => {
  it.each([
    ['models:\n  name: m\n', 'models/m.yml:1: models must be a list, not a dictionary.'],
    [
      'models:\n  - name: m\n    columns: {id: x}\n',
      'models/m.yml:3: columns must be a list, not a dictionary.',
    ],
    [
      'models:\n  - name: m\n    description: [a]\n',
      'models/m.yml:3: description must be a text, not a list.',
    ],
    [
      'models:\n  - name: m\n    config: {enabled: "no"}\n',
      'models/m.yml:3: enabled must be true or false, not a text.',
    ],
    [
      'models:\n  - name: m\n    config: {materialized: incrementl}\n',
      'models/m.yml:3: materialized is incrementl, which belt does not know (did you mean incremental?).',
    ],
    ['models:\n  - description: x\n', 'models/m.yml:2: An entry has no name.'],
    [
      'models:\n  - name: m\n    tests: [{unique: {column_name: id}, severity: warn}]\n',
      'models/m.yml:2: A data test is no name with its arguments below it.',
    ],
    [
      'models:\n  - name: m\n    tests: [{unique: {column_name: id, severity: wran}}]\n',
      'models/m.yml:2: severity is wran, which belt does not know (did you mean warn?).',
    ],
    [
      'models:\n  - name: m\n    versions: [{v: 1}]\n',
      'models/m.yml:3: versions is not supported by belt: it has one version of a model.',
    ],
  ])('%s', (yaml, expected) => {
    expect(faultsOf(described(yaml))).toEqual([expected]);
  });

  it('in dbt_project.yml', () => {
    expect(faultsOf({ ...M, 'dbt_project.yml': 'name: shop\nvars: [a]\nmodels: x\n' })).toEqual([
      'dbt_project.yml:2: vars must be a dictionary, not a list.',
      'dbt_project.yml:3: models must be a dictionary, not a text.',
    ]);
  });
});

describe('configs that a materialization does nothing with', () => {
  it('are told of seeds', () => {
    expect(
      warningsOf({
        'seeds/s.csv': 'id\n1\n',
        'seeds/s.yml': 'seeds:\n  - name: s\n    config: {unlogged: true}\n',
      }),
    ).toEqual(['seeds/s.yml:3: belt does nothing with unlogged: it is for other nodes.']);
  });

  it('are told', () => {
    expect(
      warningsOf({
        'models/m.sql': "{{ config(materialized='table',\n  unique_key='id') }} select 1",
        'models/n.sql': 'select 1',
        'models/n.yml': 'models:\n  - name: n\n    config:\n      compression: {after: 1 day}\n',
      }),
    ).toEqual([
      'models/m.sql:2: unique_key does nothing for the materialization table.',
      'models/n.yml:4: compression does nothing for the materialization view.',
    ]);
  });
});

describe('columns that a seed does not have', () => {
  const seed = (yaml: string) => ({ 'seeds/s.csv': 'id,name\n1,a\n', 'seeds/s.yml': yaml });

  it('are told where they are described, and are a fault where they are typed', () => {
    expect(
      warningsOf(seed('seeds:\n  - name: s\n    columns:\n      - name: nam\n      - name: id\n')),
    ).toEqual(['seeds/s.yml:4: s has no column nam to describe (did you mean name?).']);
    expect(
      faultsOf(
        seed('seeds:\n  - name: s\n    config:\n      column_types:\n        idd: integer\n'),
      ),
    ).toEqual(['seeds/s.yml:5: s has no column idd to describe (did you mean id?).']);
  });
});

describe('what belt does not run is a fault', () => {
  it.each([
    [
      'a model in Python',
      { ...M, 'models/p.py': 'def model(dbt, session): ...' },
      'models/p.py:1: models/p.py is a model in Python, and belt runs models in SQL.',
    ],
    [
      'packages',
      { ...M, 'packages.yml': '# all\npackages:\n  - package: dbt-labs/dbt_utils\n' },
      'packages.yml:2: packages.yml lists packages, which belt does not install.',
    ],
    [
      'projects',
      { ...M, 'dependencies.yml': 'projects:\n  - name: other\n' },
      'dependencies.yml:1: dependencies.yml lists projects, which belt does not install.',
    ],
    [
      'a file of snapshots without one',
      { ...M, 'snapshots/s.sql': 'select 1' },
      'snapshots/s.sql:1: snapshots/s.sql holds no snapshot.',
    ],
    [
      'a docs block that is not closed',
      { ...M, 'models/m.md': 'About\n{% docs a %}\n\n{% docs b %}{% enddocs %}\n' },
      'models/m.md:2: The docs block a is not closed.',
    ],
    [
      'the last docs block, where it is not closed',
      { ...M, 'models/m.md': '{% docs a %}{% enddocs %}\n{% docs b %}\n' },
      'models/m.md:2: The docs block b is not closed.',
    ],
    [
      'the end of a docs block that has not begun',
      { ...M, 'models/m.md': '\n{% enddocs %}\n' },
      'models/m.md:2: This enddocs ends nothing.',
    ],
    [
      'dbt_project.yaml',
      { ...M, 'dbt_project.yaml': 'name: shop' },
      'dbt_project.yaml:undefined: dbt_project.yaml is not read.',
    ],
  ])('%s', (_, files, expected) => {
    expect(faultsOf(files as Files)).toEqual([expected]);
  });

  it('but no empty list of packages', () => {
    expect(faultsOf({ ...M, 'packages.yml': 'packages: []\n' })).toEqual([]);
  });
});
