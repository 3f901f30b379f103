import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createFolder } from './support/folder.js';

const README = readFileSync('README.md', 'utf8');

const PAGES = [
  ...readdirSync('.'),
  ...['src', 'models'].flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((path) => join(folder, path)),
  ),
].filter((path) => path.endsWith('.md'));

describe('README', () => {
  test('is read in two minutes: at most 10 kB, and no line over 200 characters', () => {
    expect(Buffer.byteLength(README)).toBeLessThanOrEqual(10_000);
    expect(README.split('\n').filter((line) => line.length > 200)).toEqual([]);
  });

  test('names the commands that belt has, and all of them', async () => {
    const section = README.split(/^## /m).find((one) => one.startsWith('Commands')) ?? '';
    const cells = section.split('\n').map((line) => /^\| (`[^|]+`) \|/.exec(line)?.[1] ?? '');
    const named = cells.flatMap((cell) => [...cell.matchAll(/`([a-z]+)/g)].map(([, name]) => name));
    const { stdout } = await createFolder().belt('--help');
    const [, listed = ''] = stdout.split('\nCommands:\n');
    const known = [...listed.matchAll(/^ {2}([a-z]+)/gm)].map(([, name]) => name);
    expect(named.sort()).toEqual(known.filter((name) => name !== 'help').sort());
  });
});

describe('pages', () => {
  test('link to files that are there', () => {
    expect(PAGES).toContain('README.md');
    const broken = PAGES.flatMap((page) =>
      [...readFileSync(page, 'utf8').matchAll(/\]\((?!https?:|#)([^)#]+)[^)]*\)/g)]
        .map(([, target = '']) => target)
        .filter((target) => !existsSync(join(dirname(page), target)))
        .map((target) => `${page} links to ${target}`),
    );
    expect(broken).toEqual([]);
  });
});
