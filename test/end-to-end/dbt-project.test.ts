import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { writeProject } from '../support/project.js';
import { SHOP } from '../support/shop-project.js';
import { createWorkspace, ENGINES, type Workspace } from '../support/workspace.js';

interface Result {
  readonly name: string;
  readonly status: string;
  readonly message: string;
  readonly failures?: number;
  readonly file?: string;
  readonly line?: number;
}

async function run(workspace: Workspace, ...parameters: string[]) {
  const { code, stdout, stderr } = await workspace.belt(...parameters, '--json');
  if (stdout === '') throw new Error(stderr);
  const { results } = JSON.parse(stdout) as { results: Result[] };
  const statuses = Object.fromEntries(results.map(({ name, status }) => [name, status]));
  return { code, stderr, results, statuses };
}

async function shop(engine: (typeof ENGINES)[number], changes: Record<string, string> = {}) {
  const workspace = await createWorkspace(engine);
  const project = writeProject(workspace, { ...SHOP, ...changes });
  const at = ['--project-dir', project];
  const json = (file: string) =>
    JSON.parse(readFileSync(join(project, 'target', file), 'utf8')) as unknown;
  return { workspace, project, at, json };
}

describe.each(ENGINES)('an unmodified dbt project on the %s engine', (engine) => {
  test('builds with its tests, docs, hooks and artifacts as dbt builds it', async () => {
    const { workspace, project, at, json } = await shop(engine);
    const { code, statuses, results } = await run(workspace, 'build', ...at);
    expect(code).toBe(0);
    expect(statuses).toMatchObject({
      raw_customers: 'success',
      stg_payments: 'success',
      orders: 'success',
      customers: 'success',
      orders_snapshot: 'success',
      lifetime_value_is_summed: 'pass',
      amounts_add_up: 'pass',
      unique_stg_customers_customer_id: 'pass',
      accepted_values_stg_orders_status__completed__returned: 'pass',
      relationships_orders_customer_id__customer_id__ref_customers_: 'pass',
      is_positive_orders_amount: 'pass',
    });
    const names = results.map(({ name }) => name);
    expect(names.indexOf('unique_stg_customers_customer_id')).toBeLessThan(
      names.indexOf('customers'),
    );
    expect(names.indexOf('lifetime_value_is_summed')).toBeLessThan(names.indexOf('customers'));
    expect(
      await workspace.query(
        'select customer_id, number_of_orders, customer_lifetime_value::text as value from customers order by 1',
      ),
    ).toEqual([
      { customer_id: 1, number_of_orders: 2, value: '36.00' },
      { customer_id: 2, number_of_orders: 0, value: null },
      { customer_id: 3, number_of_orders: 1, value: '20.00' },
    ]);
    expect(
      await workspace.query(
        "select obj_description('customers'::regclass) as comment, col_description('customers'::regclass, 1) as key",
      ),
    ).toEqual([{ comment: 'One row a customer.', key: 'The key of a customer.' }]);
    expect(json('manifest.json')).toMatchObject({
      docs: { 'doc.shop.customers': { block_contents: 'One row a customer.' } },
    });
    expect(await workspace.query('select what from run_log')).toEqual([
      { what: `${results.length} results` },
    ]);
    expect(await workspace.query('select count(*)::int as n from history.orders_snapshot')).toEqual(
      [{ n: 3 }],
    );

    const manifest = json('manifest.json') as Record<string, Record<string, unknown>>;
    expect(manifest.metadata).toMatchObject({
      dbt_schema_version: 'https://schemas.getdbt.com/dbt/manifest/v12.json',
      adapter_type: 'postgres',
      project_name: 'shop',
    });
    expect(manifest.nodes?.['model.shop.customers']).toMatchObject({
      alias: 'customers',
      original_file_path: 'models/marts/customers.sql',
      path: 'marts/customers.sql',
      config: { materialized: 'table' },
      depends_on: { nodes: ['model.shop.stg_customers', 'model.shop.orders'] },
      refs: [{ name: 'stg_customers' }, { name: 'orders' }],
      description: 'One row a customer.',
    });
    expect(manifest.nodes?.['model.shop.stg_payments']).toMatchObject({
      depends_on: { macros: ['macro.shop.cents_to_dollars'] },
    });
    expect(manifest.parent_map?.['model.shop.orders']).toEqual([
      'model.shop.stg_payments',
      'model.shop.stg_orders',
    ]);
    const runResults = json('run_results.json') as {
      results: { unique_id: string; status: string }[];
      args: { which: string };
    };
    expect(runResults.args.which).toBe('build');
    expect(runResults.results.find((one) => one.unique_id === 'model.shop.orders')).toMatchObject({
      status: 'success',
      compiled: true,
    });
    expect(
      readFileSync(join(project, 'target/compiled/shop/models/marts/customers.sql'), 'utf8'),
    ).toContain('left join "public"."orders" as orders using (customer_id)');
    expect(
      readFileSync(join(project, 'target/run/shop/models/marts/customers.sql'), 'utf8'),
    ).toContain('create table');
  });

  test('skips what follows from a test that fails, and retries exactly that', async () => {
    const { workspace, at, project } = await shop(engine);
    const seed = join(project, 'seeds/raw_orders.csv');
    const good = readFileSync(seed, 'utf8');
    writeFileSync(seed, `${good}3,2,2018-01-05,lost\n`);
    const first = await run(workspace, 'build', ...at);
    expect(first.code).toBe(1);
    expect(first.statuses).toMatchObject({
      unique_stg_orders_order_id: 'fail',
      accepted_values_stg_orders_status__completed__returned: 'fail',
      not_null_stg_orders_order_id: 'pass',
      orders: 'skipped',
      customers: 'skipped',
      stg_payments: 'success',
    });
    expect(first.results.find(({ name }) => name.startsWith('unique_stg_orders'))).toMatchObject({
      failures: 1,
      message: 'Got 1 result, configured to fail if != 0',
      file: 'models/staging/schema.yml',
    });

    writeFileSync(seed, good);
    await run(workspace, 'seed', ...at);
    // the results of the seed command are the last ones now: build again, to have some to retry
    writeFileSync(seed, `${good}3,2,2018-01-05,lost\n`);
    await run(workspace, 'build', ...at);
    await workspace.query('select 1');
    const { results } = await run(workspace, 'retry', ...at);
    expect(results.map(({ name }) => name)).toContain('unique_stg_orders_order_id');
    expect(results.map(({ name }) => name)).not.toContain('stg_payments');
  });

  test('stops at the first failure with --fail-fast', async () => {
    const { workspace, at } = await shop(engine, {
      'models/staging/a_bad.sql': 'select no_such_column',
    });
    const { code, results } = await run(workspace, 'run', ...at, '--fail-fast', '--threads', '1');
    expect(code).toBe(1);
    expect(results.filter(({ status }) => status === 'error')).toHaveLength(1);
    expect(results.filter(({ status }) => status === 'success')).toHaveLength(0);
    expect(results.at(-1)?.message).toBe('SKIP because of --fail-fast');
  });

  test('compiles, shows and lists what is selected', async () => {
    const { workspace, at } = await shop(engine);
    await run(workspace, 'build', ...at);
    const compiled = await workspace.beltOk('compile', ...at, '--select', 'stg_payments');
    expect(compiled.stdout).toContain('(amount / 100.0)::numeric(16, 2)');
    const inline = await workspace.beltOk(
      'compile',
      ...at,
      '--inline',
      "select * from {{ ref('orders') }}",
    );
    expect(inline.stdout.trim()).toBe('select * from "public"."orders"');
    const shown = await workspace.beltOk(
      'show',
      ...at,
      '--select',
      'orders',
      '--limit',
      '1',
      '--output',
      'json',
    );
    expect(JSON.parse(shown.stdout)).toHaveLength(1);
    const names = async (...parameters: string[]) =>
      (await workspace.beltOk('list', ...at, '--output', 'name', ...parameters)).stdout
        .trim()
        .split('\n');
    expect(await names('--select', '+customers,tag:staging', '--resource-type', 'model')).toEqual([
      'stg_customers',
      'stg_orders',
      'stg_payments',
    ]);
    expect(await names('--select', 'config.materialized:table')).toContain(
      'unique_customers_customer_id',
    );
    expect(await names('--select', 'customers', 'orders', '--exclude', 'test_type:data')).toEqual([
      'customers',
      'lifetime_value_is_summed',
      'orders',
    ]);
    expect(
      await names(
        '--select',
        'orders',
        '--indirect-selection',
        'cautious',
        '--resource-type',
        'test',
      ),
    ).toEqual(['amounts_add_up', 'is_positive_orders_amount', 'not_null_orders_customer_id']);
    expect(await names('--select', 'test_name:unique', '--resource-type', 'test')).toHaveLength(3);
  });

  test('selects by state against the artifacts of before, and by selectors.yml', async () => {
    const { workspace, at, project } = await shop(engine, {
      'selectors.yml': `
selectors:
  - name: marts_without_orders
    definition:
      union:
        - method: path
          value: models/marts
        - exclude:
            - orders
`,
    });
    const before = join(workspace.dir, 'before');
    await workspace.beltOk('compile', ...at, '--select', 'orders');
    const target = join(project, 'target');
    const { cpSync } = await import('node:fs');
    cpSync(target, before, { recursive: true });
    const names = async (...parameters: string[]) =>
      (
        await workspace.beltOk(
          'list',
          ...at,
          '--output',
          'name',
          '--resource-type',
          'model',
          ...parameters,
        )
      ).stdout
        .trim()
        .split('\n');
    expect(await names('--select', 'state:modified', '--state', before)).toEqual(['']);
    writeFileSync(
      join(project, 'macros/cents_to_dollars.sql'),
      '{% macro cents_to_dollars(column) %}({{ column }} / 100.0){% endmacro %}',
    );
    writeFileSync(join(project, 'models/marts/new_one.sql'), 'select 1 as one');
    writeFileSync(
      join(project, 'models/staging/stg_customers.sql'),
      "{{ config(materialized='table') }} select 1 as customer_id, 'x' as first_name",
    );
    expect(await names('--select', 'state:modified', '--state', before)).toEqual([
      'new_one',
      'stg_customers',
      'stg_payments',
    ]);
    expect(await names('--select', 'state:new', '--state', before)).toEqual(['new_one']);
    expect(await names('--select', 'state:modified.macros', '--state', before)).toEqual([
      'stg_payments',
    ]);
    expect(await names('--select', 'state:modified.configs', '--state', before)).toEqual([
      'stg_customers',
    ]);
    expect(await names('--select', 'state:modified.body+', '--state', before)).toContain(
      'customers',
    );
    expect(await names('--selector', 'marts_without_orders')).toEqual(['customers', 'new_one']);
    const without = await workspace.belt('list', ...at, '--select', 'state:new');
    expect(without.code).toBe(2);
    expect(without.stderr).toContain('--state');
  });
});

describe('a dbt project', () => {
  test('is built into the schema of a target of its profile', async () => {
    const { workspace, at } = await shop('embedded', {
      'profiles.yml': `
shop:
  target: dev
  outputs:
    dev: {type: postgres, host: localhost, user: me, password: "{{ env_var('SHOP_PASSWORD', 'x') }}", port: 5432, dbname: d, schema: dev, threads: 2}
    prod: {type: postgres, host: localhost, user: me, password: x, port: 5432, dbname: d, schema: prod, threads: 4}
`,
    });
    await run(workspace, 'build', ...at);
    await run(workspace, 'build', ...at, '--target', 'prod', '--select', '+stg_orders');
    expect(
      await workspace.query(
        "select table_schema as schema, count(*)::int as n from information_schema.tables where table_name in ('stg_orders', 'customers') group by 1 order by 1",
      ),
    ).toEqual([
      { schema: 'dev', n: 2 },
      { schema: 'prod', n: 1 },
    ]);
    const wrong = await workspace.belt('build', ...at, '--target', 'stage');
    expect(wrong.code).toBe(2);
    expect(wrong.stderr).toContain('Its targets are dev, prod.');
    const { stdout } = await workspace.beltOk('debug', ...at);
    expect(stdout).toContain('target: dev, schema dev');
    expect(stdout).toContain('All checks passed.');
  });

  test('is retried with the flags of the run that failed', async () => {
    const workspace = await createWorkspace('embedded');
    const project = writeProject(workspace, {
      'dbt_project.yml': 'name: flagged\nprofile: flagged\n',
      'profiles/profiles.yml': `
flagged:
  target: dev
  outputs:
    dev: {type: postgres, host: localhost, user: me, password: x, port: 5432, dbname: d, schema: dev}
`,
      'models/broken.sql': "select 1 / {{ var('divisor') }} as one",
    });
    const flags = ['--profiles-dir', join(project, 'profiles'), '--vars', '{divisor: 1}'];
    const bad = join(project, 'models/broken.sql');
    const good = readFileSync(bad, 'utf8');
    writeFileSync(bad, `${good}, no_such_column`);
    expect((await run(workspace, 'run', '--project-dir', project, ...flags)).code).toBe(1);
    writeFileSync(bad, good);
    expect((await run(workspace, 'retry', '--project-dir', project)).statuses).toEqual({
      broken: 'success',
    });
    expect(await workspace.query('select one from dev.broken')).toEqual([{ one: 1 }]);
  });

  test('tells how old its sources are, and fails for stale ones', async () => {
    const workspace = await createWorkspace('embedded');
    const project = writeProject(workspace, {
      'models/make.sql': `{{ config(materialized='table') }}
        select now() - interval '2 hours' as loaded_at, 'a' as kind`,
      'models/sources.yml': `
sources:
  - name: app
    schema: public
    loaded_at_field: loaded_at
    freshness: {warn_after: {count: 1, period: hour}, error_after: {count: 1, period: day}}
    tables:
      - name: make
      - name: strict
        identifier: make
        freshness: {error_after: {count: 90, period: minute}}
      - name: none
        identifier: make
        freshness: {warn_after: {count: 1, period: day}, error_after: {count: 2, period: day}, filter: "kind = 'a'"}
`,
    });
    await workspace.beltOk('run', '--project-dir', project);
    const { code, stdout } = await workspace.belt(
      'source',
      'freshness',
      '--project-dir',
      project,
      '--json',
    );
    expect(code).toBe(1);
    const results = JSON.parse(stdout) as { name: string; status: string }[];
    expect(Object.fromEntries(results.map(({ name, status }) => [name, status]))).toEqual({
      'app.make': 'warn',
      'app.strict': 'error',
      'app.none': 'pass',
    });
    const artifact = JSON.parse(readFileSync(join(project, 'target/sources.json'), 'utf8'));
    expect(artifact.results[0]).toMatchObject({
      unique_id: 'source.belt.app.make',
      status: 'warn',
    });
  });

  test('runs macros that ask the database, log and dispatch', async () => {
    const workspace = await createWorkspace('embedded');
    const project = writeProject(workspace, {
      'seeds/kinds.csv': 'kind,weight\na,1\nb,2\n',
      'macros/helpers.sql': `
{% macro kinds() %}
  {% set query %}select kind, weight from {{ ref('kinds') }} order by kind{% endset %}
  {% if execute %}
    {% set result = run_query(query) %}
    {% do log('found ' ~ result.rows | length ~ ' kinds', info=True) %}
    {{ return(result.columns[0].values()) }}
  {% endif %}
  {{ return([]) }}
{% endmacro %}
{% macro shout(text) %}{{ return(adapter.dispatch('shout')(text)) }}{% endmacro %}
{% macro default__shout(text) %}'{{ text | upper }}'{% endmacro %}
{% macro postgres__shout(text) %}'{{ text | upper }}!'{% endmacro %}`,
      'models/pivot.sql': `
{%- call statement('total', fetch_result=True) %}select sum(weight) as total from {{ ref('kinds') }}{% endcall -%}
select
  {%- for kind in kinds() %} sum(weight) filter (where kind = '{{ kind }}') as {{ kind }},{% endfor %}
  {{ shout('hi') }} as greeting,
  {{ load_result('total')['data'][0][0] if execute else 0 }} as total,
  '{{ adapter.get_columns_in_relation(ref('kinds')) | map(attribute='name') | join(',') }}' as columns,
  {{ graph.nodes.values() | selectattr('resource_type', 'equalto', 'model') | list | length }} as models,
  {{ dbt.date_trunc('day', "timestamp '2026-11-24 10:00'") }}::date::text as day
from {{ ref('kinds') }}`,
      'models/stops.sql':
        "select {{ exceptions.raise_compiler_error('No luck.') if execute else 1 }}",
      'models/other.sql': 'select {{ modules.datetime.datetime.now() if execute else 1 }}',
    });
    const { stderr, statuses, results } = await run(workspace, 'build', '--project-dir', project);
    expect(stderr).toContain('found 2 kinds');
    expect(statuses).toMatchObject({ pivot: 'success', stops: 'error', other: 'error' });
    expect(await workspace.query('select * from pivot')).toEqual([
      {
        a: 1,
        b: 2,
        greeting: 'HI!',
        total: 3,
        columns: 'kind,weight',
        models: 3,
        day: '2026-11-24',
      },
    ]);
    expect(results.find(({ name }) => name === 'stops')).toMatchObject({
      message: 'No luck.',
      file: 'models/stops.sql',
      line: 1,
    });
    expect(results.find(({ name }) => name === 'other')?.message).toContain('modules.datetime');
  });
});
