import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { typedCommand } from '../src/commands/typed-command.js';

/** npm takes UUIDs for secrets, and writes *** in their place. */
const UUID = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/;

/** Folders that the package holds as they are. */
const WHOLE_FOLDERS = ['sql', 'models', 'data', 'src/project/dbt-macros'];

test('the package holds what belt runs with, and nothing else', () => {
  // without scripts: they would build dist anew while other tests run it
  const [pack] = JSON.parse(
    execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }),
  ) as [{ files: { path: string }[] }];
  const paths = pack.files.map(({ path }) => path);
  const compiled = paths.filter((path) => path.startsWith('dist/'));

  expect(paths.filter((path) => !path.startsWith('dist/')).sort()).toEqual(
    ['LICENSE', 'README.md', 'package.json', ...WHOLE_FOLDERS.flatMap(filesBelow)].sort(),
  );
  expect(compiled.filter((path) => !/\.js$/.test(path) || path.startsWith('dist/bench/'))).toEqual(
    [],
  );
  expect(reachable('dist/cli.js').filter((path) => !compiled.includes(path))).toEqual([]);
});

test('its next steps are typed as it was started', () => {
  const typed = ['/src/belt/dist/cli.js', '/p/node_modules/.bin/belt', '/usr/local/bin/belt'];
  expect(typed.map(typedCommand)).toEqual(['npm run -s belt --', 'npx belt', 'belt']);
  const fetched = '/home/me/.npm/_npx/1/node_modules/.bin/belt';
  expect(typedCommand(fetched)).toBe('npx battery-belt');
});

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).replace(UUID, '***'));
}

/** The compiled files that running `entry` may load. */
function reachable(entry: string): string[] {
  const found = new Set([entry]);
  for (const path of found) {
    const imports = readFileSync(path, 'utf8').matchAll(/\b(?:from|import)\b[ (]*'(\.[^']+)'/g);
    for (const [, relative = ''] of imports) found.add(join(path, '..', relative));
  }
  return [...found];
}
