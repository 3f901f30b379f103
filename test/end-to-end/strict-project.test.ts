import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createFolder, type Folder } from '../support/folder.js';
import { writeProject } from '../support/project.js';
import { createWorkspace, ENGINES } from '../support/workspace.js';

function folderOf(files: Readonly<Record<string, string>>): Folder {
  const folder = createFolder();
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder.dir, path)), { recursive: true });
    writeFileSync(join(folder.dir, path), text);
  }
  return folder;
}

const PROJECT = {
  'dbt_project.yml': 'name: shop\nprofile: shop\n',
  'models/m.sql': 'select 1 as id',
};

const profile = (output: string) => `shop:
  target: dev
  outputs:
    dev: {type: postgres, host: localhost, user: me, password: geheim, dbname: d, schema: dev${output}}
`;

describe('belt list', () => {
  test('tells what belt does not act upon in a line of its own, as an event with --log-format json', async () => {
    const { belt } = folderOf({
      'models/m.sql': "{{ config(\n  snowflake_warehouse='big') }} select 1 as id",
    });
    const asText = await belt('list');
    expect(asText).toMatchObject({ code: 0, stdout: 'belt.m\n' });
    expect(asText.stderr).toBe(
      'Warning: models/m.sql:2: belt knows no config snowflake_warehouse, and does nothing with it.\n' +
        '  It may be of another adapter of dbt; what is your own belongs under meta.\n',
    );
    const asJson = await belt('--log-format', 'json', 'list');
    expect(JSON.parse(asJson.stderr)).toMatchObject({
      event: 'warning',
      message: 'belt knows no config snowflake_warehouse, and does nothing with it.',
      file: 'models/m.sql',
      line: 2,
    });
  });

  test('fails for a link in the models that leads nowhere', async () => {
    const folder = folderOf(PROJECT);
    symlinkSync(join(folder.dir, 'gone'), join(folder.dir, 'models/gone.sql'));
    const { code, stderr } = await folder.belt('list');
    expect(code).toBe(1);
    expect(stderr).toContain('Error: models/gone.sql: models/gone.sql cannot be read: ENOENT');
  });
});

describe('profiles.yml', () => {
  test.each([
    [
      'a key that is not known',
      profile(', shema: x'),
      'profiles.yml:4: A target has no key shema (did you mean schema?).',
    ],
    ['a value of another kind', profile(', port: [1]'), 'profiles.yml:4: port must be digits or'],
    [
      'a profile that is not there',
      profile('').replace('shop:', 'shopp:'),
      'There is no profile shop (did you mean shopp?).',
    ],
    [
      'a target of another adapter',
      profile(', account: x').replace('postgres', 'snowflake'),
      'profiles.yml:4: The target dev is of the type snowflake.',
    ],
    [
      'a key of the profile',
      profile('').replace('target:', 'traget:'),
      'profiles.yml:2: A profile has no key traget (did you mean target?).',
    ],
  ])('%s is a fault', async (_, profiles, expected) => {
    const { belt } = folderOf({ ...PROJECT, 'profiles.yml': profiles });
    const { code, stderr } = await belt('list');
    expect(code).toBe(1);
    expect(stderr).toContain(expected);
    expect(stderr).not.toContain('geheim');
  });

  test('of a folder that has none is wrong usage', async () => {
    const { belt } = folderOf(PROJECT);
    const { code, stderr } = await belt('list', '--profiles-dir', 'models');
    expect(code).toBe(2);
    expect(stderr).toContain('models holds no profiles.yml.');
  });

  test('may say what only dbt does', async () => {
    const { belt } = folderOf({ ...PROJECT, 'profiles.yml': profile(', retries: 3') });
    const { code, stderr } = await belt('list');
    expect(code).toBe(0);
    expect(stderr).toContain('profiles.yml:4: belt does nothing with retries: it connects once');
  });
});

describe('selectors.yml', () => {
  test.each([
    [
      '{method: fqn, value: m, childern: true}',
      'selectors.yml:3: A criterion has no key childern (did you mean children?).',
    ],
    ['{method: selector, value: b}', 'selectors.yml:3: There is no selector b above'],
    ['{union: m}', 'selectors.yml:3: union is no list.'],
  ])('%s is a fault', async (definition, expected) => {
    const { belt } = folderOf({
      ...PROJECT,
      'selectors.yml': `selectors:\n  - name: a\n    definition: ${definition}\n`,
    });
    const { code, stderr } = await belt('list', '--selector', 'a');
    expect(code).toBe(1);
    expect(stderr).toContain(expected);
  });
});

describe.each(ENGINES)('belt run on the %s engine', (engine) => {
  test('tells columns that YAML describes and the model does not have', async () => {
    const workspace = await createWorkspace(engine);
    const project = writeProject(workspace, {
      'models/m.sql': 'select 1 as id, 2 as amount',
      'models/m.yml': `models:
  - name: m
    columns:
      - name: id
      - name: amuont
        description: What it is.
`,
    });
    const { stdout, stderr } = await workspace.beltOk('run', '--project-dir', project, '--json');
    const told = 'models/m.yml:5: m has no column amuont to describe (did you mean amount?).';
    expect(JSON.parse(stdout).results).toMatchObject([{ status: 'success', warning: told }]);
    expect(stderr).toContain(`Warning: ${told}`);
  });
});
