import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { writeProject } from '../support/project.js';
import { DEVICE_A, HOUR, pairs, T0, writeResponses } from '../support/responses.js';
import { createWorkspace, ENGINES, type Workspace } from '../support/workspace.js';

interface Planned {
  readonly name: string;
  readonly action: string;
  readonly reasons: readonly string[];
}

interface Result {
  readonly name: string;
  readonly status: string;
  readonly message: string;
  readonly warning?: string;
}

/** What a relation is, and what it holds. */
interface Fact {
  readonly name: string;
  /** Another one after it was built anew. */
  readonly identity: string;
  /** Of a view or continuous aggregate. */
  readonly definition: string | null;
  /** Of what keeps its own. */
  readonly rows: string | null;
}

const HOURLY = "timestamptz '2026-01-01 00:00Z' + n * interval '1 hour' as at, n";

const MODELS: Readonly<Record<string, string>> = {
  a_view: "select n from {{ ref('numbers') }}",
  over_ephemeral: "select n from {{ ref('passed') }}",
  passed: "{{ config(materialized='ephemeral') }} select n from {{ ref('numbers') }}",
  a_table: "{{ config(materialized='table') }} select n from {{ ref('numbers') }}",
  once_a_view: "{{ config(materialized='view') }} select n from {{ ref('numbers') }}",
  grown: `{{ config(materialized='incremental', unique_key='n') }} select n from {{ ref('numbers') }}
    {% if is_incremental() %} where n > (select max(n) from {{ this }}) {% endif %}`,
  batched: `{{ config(materialized='incremental', incremental_strategy='microbatch',
      event_time='at', batch_size='day', begin='2026-01-01') }}
    select ${HOURLY} from generate_series(0, 47) as n`,
  whole: `{{ config(materialized='hypertable', main_dimension='at') }}
    select ${HOURLY} from {{ ref('numbers') }}`,
  keyed: `{{ config(materialized='hypertable', main_dimension='at', unique_key='at') }}
    select ${HOURLY} from {{ ref('numbers') }}`,
  asking: `{{ config(materialized='hypertable', main_dimension='at') }}
    select ${HOURLY} from {{ ref('numbers') }}
    {% if is_incremental() %} where n > (select max(n) from {{ this }}) {% endif %}`,
  left_empty: `{{ config(materialized='hypertable', main_dimension='at', empty_hypertable=True) }}
    select ${HOURLY} from {{ ref('numbers') }}`,
  looked_after: `{{ config(materialized='virtual_hypertable', retention_policy='9 years') }} select 1`,
  fed: `{{ config(materialized='hypertable', main_dimension='landed_at', unique_key='landed_at') }}
    select landed_at, count(*) as responses
    from {{ new_rows(source('raw', 'telemetry_response')) }} as response group by landed_at`,
  fed_daily: `{{ config(materialized='continuous_aggregate') }}
    select time_bucket('1 day', landed_at) as day, count(*) as n from {{ ref('fed') }} group by 1`,
  fed_table: `{{ config(materialized='incremental') }}
    select response_id from {{ new_rows(source('raw', 'telemetry_response')) }} as response`,
  daily: `{{ config(materialized='continuous_aggregate') }}
    select time_bucket('1 day', at) as day, count(*) as n from {{ ref('keyed') }} group by 1`,
  daily_later: `{{ config(materialized='continuous_aggregate', refresh_now=False) }}
    select time_bucket('1 day', at) as day, count(*) as n from {{ ref('keyed') }} group by 1`,
};

const SNAPSHOT = `{% snapshot versions %}
  {{ config(strategy='check', unique_key='n', check_cols=['n']) }} select n from {{ ref('numbers') }}
  {% endsnapshot %}`;

const SOURCES = 'sources: [{name: raw, schema: raw, tables: [{name: telemetry_response}]}]\n';

const EXISTING: Readonly<Record<string, string>> = {
  'existing/dbt_project.yml': `name: existing
on-run-start: >-
  create table public.looked_after (at timestamptz not null);
  select create_hypertable('public.looked_after', 'at')
`,
  'existing/models/nothing.sql': 'select 1 as one',
};

async function factsOf(workspace: Workspace, names: readonly string[]): Promise<Map<string, Fact>> {
  const existing = await workspace.query<{ name: string }>(
    `select name from unnest(array['${names.join("','")}']) as name where to_regclass(name) is not null`,
  );
  if (existing.length === 0) return new Map();
  const facts = await workspace.query<Fact>(
    existing
      .map(
        ({ name }) => `select '${name}' as name,
          coalesce(
            (select materialization_hypertable_name
              from timescaledb_information.continuous_aggregates where view_name = '${name}'),
            '${name}'::regclass::oid::text
          ) as identity,
          (select pg_get_viewdef(oid) from pg_class where oid = '${name}'::regclass and relkind = 'v')
            as definition,
          case when (select relkind from pg_class where oid = '${name}'::regclass) = 'r'
            then (select md5(string_agg(x::text, ',' order by x::text)) from ${name} as x)
          end as rows`,
      )
      .join(' union all '),
  );
  return new Map(facts.map((fact) => [fact.name, fact]));
}

/** What is wrong with a planned action, in view of what the run did. */
function contradiction(
  { action }: Planned,
  result: Result,
  before: Fact | undefined,
  after: Fact | undefined,
): string | undefined {
  const rebuilt = before !== undefined && before.identity !== after?.identity;
  const wrote = /^(?:UPSERT|INSERT|REFRESH|MICROBATCH) [1-9]/.test(result.message);
  const failed = result.status !== 'success';
  switch (action) {
    case 'create':
      return before !== undefined || after === undefined ? 'was there before' : undefined;
    case 'rebuild':
      return rebuilt ? undefined : 'is the same relation';
    case 'refused':
      return (failed || result.warning !== undefined) && !rebuilt ? undefined : 'was not refused';
    case 'unchanged':
    case 'alter':
      if (failed || rebuilt || after?.rows !== before?.rows) return 'is not what it was';
      if (wrote) return `wrote: ${result.message}`;
      return action === 'unchanged' && after?.definition !== before?.definition
        ? 'has another definition'
        : undefined;
    case 'update':
      return failed || (rebuilt && result.message.startsWith('REBUILD'))
        ? 'was not updated in place'
        : undefined;
    case 'refresh':
      return result.message.startsWith('REFRESH') && wrote && !rebuilt
        ? undefined
        : 'was not refreshed';
    case 'skipped':
      return result.status === 'skipped' && !rebuilt ? undefined : 'was not skipped';
    case 'replace':
      return failed || before === undefined ? 'was not replaced' : undefined;
    default:
      return `is planned as ${action}, which is no action`;
  }
}

test('belt plan says what belt transform then does, in every situation', async () => {
  const workspace = await createWorkspace(ENGINES.at(-1) as (typeof ENGINES)[number]);
  const project = writeProject(workspace, {
    ...Object.fromEntries(Object.entries(MODELS).map(([name, sql]) => [`models/${name}.sql`, sql])),
    ...EXISTING,
    'snapshots/versions.sql': SNAPSHOT,
    'models/sources.yml': SOURCES,
    'seeds/numbers.csv': 'n\n1\n2\n',
  });
  const write = (path: string, text: string) => writeFileSync(join(project, path), text);
  const model = (name: string, change: (sql: string) => string) =>
    write(`models/${name}.sql`, change(MODELS[name] as string));
  const land = async (hour: number) => {
    const telemetry = {
      [`${DEVICE_A}/${hour}`]: { BatteryPowerW: pairs(T0 + hour * HOUR, 9, 1000, (at) => at) },
    };
    const source = writeResponses(workspace, `in-${hour}`, { telemetry });
    await workspace.beltOk('land', '--source', source);
  };
  const names = ['numbers', 'versions', ...Object.keys(MODELS).filter((name) => name !== 'passed')];
  let before = await factsOf(workspace, names);
  /** Plans and runs; gives the actions by name, after holding them against what happened. */
  const step = async (...flags: string[]) => {
    const at = ['--project-dir', project, '--json', ...flags];
    const plan = JSON.parse((await workspace.belt('plan', ...at)).stdout) as Planned[];
    const run = JSON.parse((await workspace.belt('transform', ...at)).stdout) as {
      results: Result[];
    };
    const after = await factsOf(workspace, names);
    const results = new Map(run.results.map((result) => [result.name, result]));
    const wrong = plan.flatMap((planned) => {
      const { name } = planned;
      const result = results.get(name);
      if (result === undefined) return [`${name} did not run`];
      const told = contradiction(planned, result, before.get(name), after.get(name));
      return told === undefined ? [] : [`${planned.action} ${name}: ${told} [${result.message}]`];
    });
    expect(wrong).toEqual([]);
    expect(plan.map(({ name }) => name).sort()).toEqual([...results.keys()].sort());
    before = after;
    return Object.fromEntries(plan.map(({ name, action }) => [name, action]));
  };

  await land(0);
  expect(await step('--exclude', 'daily')).toMatchObject({
    looked_after: 'refused',
    whole: 'create',
    fed: 'create',
    versions: 'create',
    numbers: 'create',
  });
  await workspace.beltOk('run', '--project-dir', join(project, 'existing'));
  before = await factsOf(workspace, names);
  await step('--select', 'daily', 'looked_after');
  const settled = {
    numbers: 'unchanged',
    a_view: 'unchanged',
    a_table: 'rebuild',
    grown: 'update',
    batched: 'update',
    whole: 'rebuild',
    keyed: 'update',
    asking: 'update',
    left_empty: 'unchanged',
    looked_after: 'unchanged',
    fed: 'unchanged',
    fed_daily: 'unchanged',
    fed_table: 'unchanged',
    daily: 'refresh',
    daily_later: 'unchanged',
    versions: 'update',
  };
  expect(await step()).toMatchObject(settled);

  await land(1);
  write('seeds/numbers.csv', 'n\n1\n2\n3\n');
  expect(await step()).toMatchObject({
    numbers: 'update',
    fed: 'update',
    fed_daily: 'refresh',
    fed_table: 'update',
  });

  for (const name of ['a_view', 'grown', 'keyed', 'fed', 'fed_table', 'fed_daily', 'daily_later']) {
    model(name, (sql) => sql.replace(/\s+from /, ', 1 as one from '));
  }
  model('once_a_view', (sql) => sql.replace("'view'", "'table'"));
  model('whole', (sql) => sql.replace("'at'", "'at', unique_key='at'"));
  model('looked_after', (sql) => sql.replace('9 years', '8 years'));
  model('left_empty', (sql) => sql.replace("'at'", "'at', retention_policy='9 years'"));
  expect(await step()).toMatchObject({
    a_view: 'replace',
    once_a_view: 'rebuild',
    whole: 'refused',
    looked_after: 'alter',
    left_empty: 'alter',
    fed: 'alter',
    fed_daily: 'rebuild',
    fed_table: 'alter',
    daily_later: 'rebuild',
  });

  write('seeds/numbers.csv', 'n,m\n1,1\n2,2\n');
  model('keyed', (sql) => sql.replace("materialized='hypertable'", "materialized='table'"));
  expect(await step()).toMatchObject({
    numbers: 'replace',
    a_view: 'replace',
    keyed: 'refused',
    daily: 'skipped',
  });

  model('keyed', (sql) => sql);
  expect(await step('--full-refresh')).toMatchObject({
    numbers: 'update',
    grown: 'rebuild',
    batched: 'rebuild',
    whole: 'rebuild',
    keyed: 'rebuild',
    asking: 'rebuild',
    left_empty: 'rebuild',
    looked_after: 'unchanged',
    fed: 'rebuild',
    fed_daily: 'rebuild',
    fed_table: 'rebuild',
    daily: 'rebuild',
    versions: 'update',
  });
}, 300_000);
