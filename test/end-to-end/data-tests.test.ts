import { describe, expect, test } from 'vitest';
import { writeProject } from '../support/project.js';
import { createWorkspace } from '../support/workspace.js';

interface Result {
  readonly name: string;
  readonly status: string;
  readonly message: string;
  readonly failures?: number;
  readonly hint?: string;
}

async function build(files: Record<string, string>, ...parameters: string[]) {
  const workspace = await createWorkspace('embedded');
  const project = writeProject(workspace, files);
  const { code, stdout, stderr } = await workspace.belt(
    ...(parameters.length > 0 ? parameters : ['build']),
    '--project-dir',
    project,
    '--json',
  );
  if (stdout === '') return { workspace, project, code, stderr, byName: {} };
  const { results } = JSON.parse(stdout) as { results: Result[] };
  const byName: Record<string, Result | undefined> = Object.fromEntries(
    results.map((result) => [result.name, result]),
  );
  return { workspace, project, code, stderr, byName };
}

const NUMBERS = {
  'models/numbers.sql': 'select n, n % 3 as third from generate_series(1, 9) as n',
};

describe('data tests', () => {
  test('are judged by severity, thresholds, where and limit', async () => {
    const { code, byName } = await build({
      ...NUMBERS,
      'models/schema.yml': `
models:
  - name: numbers
    columns:
      - name: third
        tests:
          - unique: {name: plain}
          - unique: {name: warned, severity: warn}
          - unique: {name: tolerated, error_if: ">3", warn_if: ">2"}
          - unique: {name: noticed, error_if: ">5", warn_if: ">2"}
          - unique: {name: filtered, config: {where: "n <= 3"}}
          - unique: {name: limited, config: {limit: 2}}
          - unique: {name: summed, config: {fail_calc: "sum(n_records)"}}
          - accepted_values: {name: quoted, values: ['0', '1'], config: {severity: warn}}
          - accepted_values: {name: unquoted, values: [0, 1, 2], quote: false}
`,
    });
    expect(code).toBe(1);
    expect(byName.plain).toMatchObject({ status: 'fail', failures: 3 });
    expect(byName.warned).toMatchObject({ status: 'warn', failures: 3 });
    expect(byName.tolerated).toMatchObject({
      status: 'warn',
      message: 'Got 3 results, configured to warn if >2',
    });
    expect(byName.noticed).toMatchObject({ status: 'warn' });
    expect(byName.filtered).toMatchObject({ status: 'pass' });
    expect(byName.limited).toMatchObject({ status: 'fail', failures: 2 });
    expect(byName.summed).toMatchObject({ status: 'fail', failures: 9 });
    expect(byName.quoted).toMatchObject({ status: 'warn', failures: 1 });
    expect(byName.unquoted).toMatchObject({ status: 'pass' });
  });

  test('keep the rows they find when asked to', async () => {
    const { workspace, byName } = await build(
      {
        ...NUMBERS,
        'models/schema.yml': `
models:
  - name: numbers
    columns: [{name: third, tests: [{unique: {alias: thirds, severity: warn}}]}]
`,
        'tests/no_big_number.sql':
          "{{ config(severity='warn') }} select * from {{ ref('numbers') }} where n > 7",
      },
      'build',
      '--store-failures',
    );
    expect(byName.no_big_number).toMatchObject({ status: 'warn', failures: 2 });
    expect(
      await workspace.query('select n from public_dbt_test__audit.no_big_number order by n'),
    ).toEqual([{ n: 8 }, { n: 9 }]);
    expect(
      await workspace.query('select count(*)::int as n from public_dbt_test__audit.thirds'),
    ).toEqual([{ n: 3 }]);
  });

  test('of sources and seeds run too, and a test that does not exist is named', async () => {
    const { byName } = await build({
      ...NUMBERS,
      'seeds/colours.csv': 'id,name\n1,red\n2,\n',
      'models/schema.yml': `
seeds:
  - name: colours
    columns: [{name: name, tests: [not_null]}]
sources:
  - name: there
    schema: pg_catalog
    tables: [{name: pg_class, columns: [{name: oid, tests: [unique]}, {name: relkind, tests: [unique]}]}]
`,
    });
    expect(byName.not_null_colours_name).toMatchObject({ status: 'fail', failures: 1 });
    expect(byName.source_unique_there_pg_class_oid).toMatchObject({ status: 'pass' });
    expect(byName.source_unique_there_pg_class_relkind).toMatchObject({ status: 'fail' });
    const wrong = await build({
      ...NUMBERS,
      'models/schema.yml':
        'models:\n  - name: numbers\n    columns: [{name: n, tests: [uniqe, dbt_utils.at_least_one]}]\n',
    });
    expect(wrong.code).toBe(1);
    expect(wrong.stderr).toContain('models/schema.yml:2: There is no data test uniqe');
    expect(wrong.stderr).toContain('did you mean unique?');
  });
});

describe('unit tests', () => {
  const MODEL = {
    'models/base.sql': "select 1 as id, 10.5::numeric as amount, date '2026-01-01' as day",
    'models/total.sql': `{{ config(materialized='incremental', unique_key='id') }}
      select id, sum(amount) as amount, max(day) as day from {{ ref('base') }}
      {% if is_incremental() %} where day > (select max(day) from {{ this }}) {% endif %}
      group by id having sum(amount) > {{ var('least', 0) }}`,
  };

  test('pass or show what differs, with overrides of vars and is_incremental', async () => {
    const { code, byName } = await build({
      ...MODEL,
      'models/schema.yml': `
unit_tests:
  - name: sums
    model: total
    given:
      - input: ref('base')
        rows: [{id: 1, amount: 1, day: 2026-01-01}, {id: 1, amount: 2.5, day: 2026-01-02}]
    expect: {rows: [{id: 1, amount: 3.50, day: 2026-01-02}]}
  - name: takes_only_new_days
    model: total
    overrides: {macros: {is_incremental: true}, vars: {least: 1}}
    given:
      - input: ref('base')
        format: sql
        rows: |
          select 1 as id, 5::numeric as amount, date '2026-01-01' as day
          union all select 2, 7, date '2026-01-03'
          union all select 3, 1, date '2026-01-03'
      - input: this
        rows: [{id: 1, amount: 5, day: 2026-01-02}]
    expect:
      format: csv
      rows: |
        id,amount
        2,7
`,
    });
    expect(code).toBe(0);
    expect(byName.sums).toMatchObject({ status: 'pass' });
    expect(byName.takes_only_new_days).toMatchObject({ status: 'pass' });
    const wrong = await build({
      ...MODEL,
      'models/schema.yml': `
unit_tests:
  - name: sums_wrongly
    model: total
    given: [{input: ref('base'), rows: [{id: 1, amount: 1}]}]
    expect: {rows: [{id: 1, amount: 2}]}
  - name: lacks_rows
    model: total
    given: []
    expect: {rows: []}
`,
    });
    expect(wrong.code).toBe(1);
    expect(wrong.byName.sums_wrongly).toMatchObject({ status: 'fail', failures: 2 });
    expect(wrong.byName.sums_wrongly?.message).toMatch(/missing\s+1\s+2\nunexpected\s+1\s+1/);
    expect(wrong.byName.total).toMatchObject({ status: 'skipped' });
    expect(wrong.byName.lacks_rows).toMatchObject({
      status: 'error',
      message: 'The unit test lacks_rows gives no rows of base, which total reads.',
    });
  });
});
