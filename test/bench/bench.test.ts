import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';

const run = promisify(execFile);
const BENCH = resolve('dist/bench/run-bench.js');

interface Result {
  readonly engine: string;
  readonly machine: { readonly cpus: number; readonly node: string };
  readonly versions: { readonly postgres: string; readonly timescaledb: string };
  readonly figures: readonly { readonly name: string; readonly value: number }[];
}

test('the benchmark runs on the embedded engine, and tells its figures, machine and versions', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'belt-bench-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const json = join(folder, 'bench.json');
  const { stdout } = await run(process.execPath, [
    ...[BENCH, '--database-url', 'embedded:', '--scale', 'smoke', '--rounds', '1'],
    ...['--only', 'pipeline', 'common', '--json', json],
  ]);
  const result = JSON.parse(readFileSync(json, 'utf8')) as Result;
  expect(result.engine).toBe('embedded');
  expect(result.machine.node).toBe(process.version);
  expect(result.versions.timescaledb).toMatch(/^2\./);
  const value = (name: string) => result.figures.find((figure) => figure.name === name)?.value;
  expect(value('readings')).toBe(10 * 120 * 14);
  for (const name of ['landing to plain COPY', 'end to end to common solution']) {
    expect(value(name)).toBeGreaterThan(0);
    expect(stdout).toContain(name);
  }
});

test('a database that cannot be is refused before anything is simulated', async () => {
  const failed = run(process.execPath, [BENCH, '--database-url', 'mysql://x', '--scale', 'smoke']);
  await expect(failed).rejects.toMatchObject({ code: 2 });
});
