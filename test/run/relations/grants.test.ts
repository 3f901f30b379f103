import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { writeProject } from '../../support/project.js';
import {
  createWorkspace,
  ENGINES,
  type Engine,
  execute,
  type Workspace,
} from '../../support/workspace.js';

const RELATIONS = ['a_seed', 'a_table', 'a_view', 'readings', 'by_hour', 'a_snapshot'];

const MODELS = {
  'seeds/a_seed.csv': 'id\n1\n',
  'models/a_table.sql': "{{ config(materialized='table') }} select 1 as id",
  'models/a_view.sql': "select id from {{ ref('a_table') }}",
  'models/readings.sql': `{{ config(materialized='hypertable', main_dimension='ts', unique_key='ts') }}
    select timestamptz '2025-01-01' as ts, 1 as value`,
  'models/by_hour.sql': `{{ config(materialized='continuous_aggregate') }}
    select time_bucket('1 hour', ts) as bucket, max(value) as value from {{ ref('readings') }} group by 1`,
  'snapshots/a_snapshot.sql': `{% snapshot a_snapshot %}
    {{ config(unique_key='id', strategy='check', check_cols='all') }}
    select id from {{ ref('a_table') }}{% endsnapshot %}`,
};

/** Makes roles that no other test knows, by a hook of the project. */
function roles(engine: Engine, workspace: Workspace, ...names: string[]): [string[], string] {
  const made = names.map((name) => `${name}_${randomBytes(4).toString('hex')}`);
  if (engine === 'server') {
    onTestFinished(() =>
      execute(
        workspace,
        made
          .map(
            (role) =>
              `do $$ begin if to_regrole('${role}') is not null then drop owned by ${role}; drop role ${role}; end if; end $$;`,
          )
          .join('\n'),
      ),
    );
  }
  const hook = made
    .map(
      (role) =>
        `do $$ begin create role ${role}; exception when duplicate_object then null; end $$;`,
    )
    .join(' ');
  return [made, hook];
}

function project(workspace: Workspace, hook: string, grants: string | undefined): string {
  const config = grants === undefined ? '' : `    +grants: ${grants}`;
  return writeProject(workspace, {
    'dbt_project.yml': [
      'name: granting',
      `on-run-start: ${JSON.stringify(hook)}`,
      ...['models', 'seeds', 'snapshots'].map((kind) => `${kind}:\n  granting:\n${config}`),
    ].join('\n'),
    ...MODELS,
  });
}

/** `relation: privilege of role` of all that others than the owner hold. */
async function held(workspace: Workspace): Promise<string[]> {
  const rows = await workspace.query<{ grant: string }>(
    `select class.relname || ': ' || lower(privilege_type) || ' of '
        || case when grantee = 0 then 'public' else grantee::regrole::text end as grant
      from pg_class as class, aclexplode(class.relacl)
      where class.relname in (${RELATIONS.map((name) => `'${name}'`).join(', ')})
        and grantee <> class.relowner
      order by 1`,
  );
  return rows.map(({ grant }) => grant);
}

const onAll = (...grants: string[]) =>
  RELATIONS.flatMap((relation) => grants.map((grant) => `${relation}: ${grant}`)).sort();

describe.each(ENGINES)('grants (%s)', (engine) => {
  test('follow the config: what is not listed any more is revoked', async () => {
    const workspace = await createWorkspace(engine);
    const [[first, second] = [], hook] = roles(engine, workspace, 'first', 'second');
    const build = async (grants: string | undefined, ...parameters: string[]) => {
      const folder = project(workspace, hook, grants);
      return workspace.beltOk('transform', '--project-dir', folder, ...parameters);
    };
    await build(`{select: [${first}], insert: [${first}]}`);
    expect(await held(workspace)).toEqual(onAll(`insert of ${first}`, `select of ${first}`));
    const { stderr } = await build(`{select: [${second}]}`);
    expect(stderr.match(/revoked insert of first_\w+, select of first_\w+/g)).toHaveLength(
      RELATIONS.length,
    );
    expect(await held(workspace)).toEqual(onAll(`select of ${second}`));
    // what is rebuilt beside the old does not bring old rights back
    await build(`{select: [${first}]}`, '--full-refresh');
    expect(await held(workspace)).toEqual(onAll(`select of ${first}`));
  });

  test('are left alone without a config, and taken from everybody by an empty list', async () => {
    const workspace = await createWorkspace(engine);
    const build = (grants: string | undefined) => {
      const folder = project(workspace, 'select 1', grants);
      const only = ['--select', 'a_table', 'a_view'];
      return workspace.beltOk('transform', '--project-dir', folder, ...only);
    };
    const both = ['a_table: select of public', 'a_view: select of public'];
    await build('{select: [public]}');
    await build(undefined);
    expect(await held(workspace)).toEqual(both);
    await build('{select: []}');
    expect(await held(workspace)).toEqual([]);
  });

  test('given by hand are kept where a view or seed has to be dropped and made anew', async () => {
    const workspace = await createWorkspace(engine);
    const folder = project(workspace, 'select 1', undefined);
    const build = () =>
      workspace.beltOk('transform', '--project-dir', folder, '--select', 'a_seed', 'a_view+');
    await workspace.beltOk('transform', '--project-dir', folder, '--select', 'a_table');
    await build();
    await workspace.execute('grant select on a_seed, a_view to public');
    workspace.write('project/seeds/a_seed.csv', 'id,name\n1,a\n');
    workspace.write('project/models/a_view.sql', "select id::text as id from {{ ref('a_table') }}");
    await build();
    expect(await workspace.query('select name from a_seed')).toEqual([{ name: 'a' }]);
    expect(await held(workspace)).toEqual(['a_seed: select of public', 'a_view: select of public']);
  });

  test('that are there are not made again, nor comments', async () => {
    const workspace = await createWorkspace(engine);
    const [[reader] = [], hook] = roles(engine, workspace, 'reader');
    const folder = project(workspace, hook, `{select: [${reader}]}`);
    workspace.write(
      'project/models/schema.yml',
      'models: [{name: a_view, description: A view., columns: [{name: id, description: A key.}]}]',
    );
    const statements = async () => {
      await workspace.beltOk('transform', '--project-dir', folder);
      return readFileSync(join(folder, 'target/run/granting/models/a_view.sql'), 'utf8');
    };
    const first = await statements();
    expect(first).toContain('grant select');
    expect(first).toContain('comment on');
    const second = await statements();
    expect(second).toContain('create or replace view');
    expect(second).not.toMatch(/grant|revoke|comment on/);
    expect(await held(workspace)).toContain(`a_view: select of ${reader}`);
  });

  test('to roles that do not exist are told, and made when they do', async () => {
    const workspace = await createWorkspace(engine);
    const [[late] = [], hook] = roles(engine, workspace, 'late');
    const results = async (start: string) => {
      const folder = project(workspace, start, `{select: [${late}]}`);
      const { stdout } = await workspace.beltOk('transform', '--project-dir', folder, '--json');
      const told = JSON.parse(stdout) as { results: { name: string; warning?: string }[] };
      return told.results.map(({ name, warning }) => [
        name,
        warning?.includes(`"${late}"`) ?? false,
      ]);
    };
    expect(new Map((await results('select 1')) as [string, boolean][])).toEqual(
      new Map(RELATIONS.map((name) => [name, true])),
    );
    expect(await held(workspace)).toEqual([]);
    expect(new Map((await results(hook)) as [string, boolean][])).toEqual(
      new Map(RELATIONS.map((name) => [name, false])),
    );
    expect(await held(workspace)).toEqual(onAll(`select of ${late}`));
  });

  test('of a privilege that there is not are refused, with what was meant', async () => {
    const workspace = await createWorkspace(engine);
    const folder = project(workspace, 'select 1', '{selct: [public]}');
    const { code, stderr } = await workspace.belt('transform', '--project-dir', folder);
    expect(code).toBe(1);
    expect(stderr).toContain('did you mean select?');
  });
});
