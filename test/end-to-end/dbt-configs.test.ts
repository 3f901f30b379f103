import { describe, expect, test } from 'vitest';
import { writeProject } from '../support/project.js';
import { createWorkspace, ENGINES } from '../support/workspace.js';

/** What each incremental model takes: rows of a first and of a second run. */
const ROWS = `{{ config(materialized='incremental', unique_key='id') }}
{% if is_incremental() %}
select * from (values (1, 'new', 'new'), (3, 'new', 'new')) as row (id, kept, taken)
{% else %}
select * from (values (1, 'old', 'old'), (2, 'old', 'old')) as row (id, kept, taken)
{% endif %}`;

const model = (config: string) => `{{ config(${config}) }}\n${ROWS}`;

const PROJECT = {
  'dbt_project.yml': 'name: configs\nseed-paths: [seeds]\nsnapshot-paths: [snapshots]\n',
  'models/updated.sql': model("incremental_strategy='merge', merge_update_columns=['taken']"),
  'models/excluded.sql': model("incremental_strategy='merge', merge_exclude_columns=['kept']"),
  'models/upserted.sql': model(
    "incremental_strategy='upsert', merge_update_columns=['taken'], indexes=[{'columns': ['id'], 'unique': true}]",
  ),
  'models/narrowed.sql': model(
    `incremental_strategy='delete+insert', incremental_predicates=["DBT_INTERNAL_DEST.kept <> 'old'"]`,
  ),
  'models/matched.sql': model(
    `incremental_strategy='merge', predicates=["DBT_INTERNAL_SOURCE.id > 1"]`,
  ),
  'models/headed.sql': `{{ config(materialized='table', sql_header="create or replace temp view header as select 7 as seven;") }}
select seven from pg_temp.header`,
  'models/headed_by_block.sql': `{{ config(materialized='table') }}
{% call set_sql_header(config) %}
create or replace function pg_temp.eight() returns int language sql as 'select 8';
{% endcall %}
select pg_temp.eight() as eight`,
  'models/quick.sql': `{{ config(materialized='table', unlogged=true) }} select 1 as id`,
  'models/quick_rows.sql': model('unlogged=true'),
  'models/undocumented.sql': `{{ config(materialized='table', persist_docs={'relation': false, 'columns': false}) }} select 1 as id`,
  'models/half.sql': `{{ config(materialized='table', persist_docs={'relation': false, 'columns': true}) }} select 1 as id`,
  'models/models.yml': `
models:
  - name: undocumented
    description: not to be seen
    columns: [{name: id, description: not to be seen}]
  - name: half
    description: not to be seen
    columns: [{name: id, description: a key}]
`,
  'seeds/town.csv': 'id,name\n1,Utrecht\n2,Delft\n',
  'seeds/seeds.yml': `
seeds:
  - name: town
    config:
      pre-hook: "create table if not exists told (what text, at text)"
      post-hook: "insert into told select 'after {{ this.name }}', count(*)::text from {{ this }}"
      indexes: [{columns: [name], unique: true}]
`,
  'snapshots/versions.sql': `{% snapshot versions %}
{{ config(strategy='check', unique_key='id', check_cols='all', unlogged=true, indexes=[{'columns': ['id']}]) }}
select * from {{ ref('town') }}
{% endsnapshot %}`,
};

describe.each(ENGINES)('configs of dbt on the %s engine', (engine) => {
  test('change what is written, as in dbt', async () => {
    const workspace = await createWorkspace(engine);
    const at = ['--project-dir', writeProject(workspace, PROJECT)];
    await workspace.beltOk('build', ...at);
    const persistence = () =>
      workspace.query(
        `select relname as name, relpersistence::text as kind from pg_class
          where relname in ('quick', 'quick_rows', 'versions', 'half') order by 1`,
      );
    expect(await persistence()).toEqual([
      { name: 'half', kind: 'p' },
      { name: 'quick', kind: 'u' },
      { name: 'quick_rows', kind: 'u' },
      { name: 'versions', kind: 'u' },
    ]);
    expect(await workspace.query('select seven, eight from headed, headed_by_block')).toEqual([
      { seven: 7, eight: 8 },
    ]);
    expect(
      await workspace.query(
        `select obj_description('undocumented'::regclass) as undocumented,
          col_description('undocumented'::regclass, 1) as undocumented_id,
          obj_description('half'::regclass) as half, col_description('half'::regclass, 1) as half_id`,
      ),
    ).toEqual([{ undocumented: null, undocumented_id: null, half: null, half_id: 'a key' }]);
    expect(await workspace.query('select * from told')).toEqual([{ what: 'after town', at: '2' }]);
    expect(
      await workspace.query(
        `select tablename as on, regexp_replace(indexdef, '.* USING', 'USING') as def,
          indexdef like 'CREATE UNIQUE%' as "unique"
          from pg_indexes where tablename in ('town', 'versions') order by 1`,
      ),
    ).toEqual([
      { on: 'town', def: 'USING btree (name)', unique: true },
      { on: 'versions', def: 'USING btree (id)', unique: false },
    ]);

    workspace.write(
      'project/models/quick_rows.sql',
      PROJECT['models/quick_rows.sql'].replace('true', 'false'),
    );
    await workspace.beltOk('run', ...at);
    const rows = (table: string) =>
      workspace.query(`select id, kept, taken from ${table} order by id, kept`);
    const second = { id: 2, kept: 'old', taken: 'old' };
    const third = { id: 3, kept: 'new', taken: 'new' };
    const keeping = [{ id: 1, kept: 'old', taken: 'new' }, second, third];
    expect(await rows('updated')).toEqual(keeping);
    expect(await rows('excluded')).toEqual(keeping);
    expect(await rows('upserted')).toEqual(keeping);
    // the row that is there does not meet the predicate, so that it is neither deleted nor matched
    const beside = [
      { id: 1, kept: 'new', taken: 'new' },
      { id: 1, kept: 'old', taken: 'old' },
      second,
      third,
    ];
    expect(await rows('narrowed')).toEqual(beside);
    expect(await rows('matched')).toEqual(beside);
    expect(await persistence()).toContainEqual({ name: 'quick_rows', kind: 'p' });
  });

  test('that contradict each other, or their strategy, are refused by name', async () => {
    const workspace = await createWorkspace(engine);
    const project = writeProject(workspace, {
      'dbt_project.yml': 'name: configs\n',
      'models/both.sql': model(
        "incremental_strategy='merge', merge_update_columns=['taken'], merge_exclude_columns=['kept']",
      ),
      'models/appended.sql': model(
        `incremental_strategy='append', incremental_predicates=["true"]`,
      ),
    });
    const { code, stderr } = await workspace.belt('run', '--project-dir', project);
    expect(code).toBe(1);
    expect(stderr).toContain('both has both merge_update_columns and merge_exclude_columns.');
    expect(stderr).toContain(
      "appended has incremental_predicates, which its strategy append can't heed.",
    );
  });
});
