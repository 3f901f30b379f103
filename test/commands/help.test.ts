import { describe, expect, test } from 'vitest';
import { createFolder } from '../support/folder.js';

const GLOBAL = ['database-url', 'project-dir', 'log-format', 'debug', 'help'];

/** The words of a line of a shell, without its quotes. */
function wordsOf(line: string): string[] {
  return [...line.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(
    ([, double, single, bare]) => double ?? single ?? bare ?? '',
  );
}

/** The commands that a help text lists, by their names. */
function commandsOf(help: string): string[] {
  const [listed = ''] = (help.split('\nCommands:\n')[1] ?? '').split('\nExamples:\n');
  return [...listed.matchAll(/^ {2}([a-z]+)/gm)]
    .map(([, name]) => name ?? '')
    .filter((name) => name !== 'help');
}

describe('--help', () => {
  test('shows examples of each command, with options that it has', async () => {
    const folder = createFolder();
    const helpOf = async (path: readonly string[]) => {
      const { code, stdout } = await folder.belt(...path, '--help');
      expect(code, path.join(' ')).toBe(0);
      return stdout;
    };
    const leavesOf = async (name: string) => {
      const help = await helpOf([name]);
      const below = commandsOf(help).map((sub) => [name, sub]);
      if (below.length === 0) return [{ path: [name], help }];
      return Promise.all(below.map(async (path) => ({ path, help: await helpOf(path) })));
    };
    const leaves = (await Promise.all(commandsOf(await helpOf([])).map(leavesOf))).flat();
    expect(leaves.length).toBeGreaterThan(20);
    for (const { path, help } of leaves) {
      const [options = '', examples = ''] = help.split('\nExamples:\n');
      const known = [...options.matchAll(/--([a-z-]+)/g)].map(([, name]) => name);
      const lines = examples.split('\n').filter((line) => line.startsWith('  belt '));
      expect(lines.length, `examples of belt ${path.join(' ')}`).toBeGreaterThan(0);
      for (const line of lines) {
        const words = wordsOf(line.trim());
        expect(words.slice(1, 1 + path.length)).toEqual(path);
        for (const word of words.filter((one) => one.startsWith('--'))) {
          expect([...known, ...GLOBAL], line).toContain(word.slice(2));
        }
      }
    }
  });
});
