import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect, inject, onTestFinished, test } from 'vitest';

const run = promisify(execFile);
const SERVER_URL = inject('serverUrl');
const BENCH = resolve('dist/bench/run-bench.js');

interface Result {
  readonly engine: string;
  readonly machine: { readonly cpus: number; readonly node: string };
  readonly versions: { readonly postgres: string; readonly timescaledb: string };
  readonly figures: readonly { readonly name: string; readonly value: number }[];
}

async function bench(databaseUrl: string, ...parameters: string[]) {
  const folder = mkdtempSync(join(tmpdir(), 'belt-bench-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const json = join(folder, 'bench.json');
  const { stdout } = await run(process.execPath, [
    ...[BENCH, '--database-url', databaseUrl, '--scale', 'smoke', '--rounds', '1'],
    ...['--json', json, ...parameters],
  ]);
  const result = JSON.parse(readFileSync(json, 'utf8')) as Result;
  const value = (name: string) => result.figures.find((figure) => figure.name === name)?.value;
  return { stdout, result, value };
}

test('the benchmark runs on the embedded engine, and tells its figures, machine and versions', async () => {
  const { stdout, result, value } = await bench('embedded:.belt', '--only', 'alerts');
  expect(result.engine).toBe('embedded');
  expect(result.machine.node).toBe(process.version);
  expect(result.versions.timescaledb).toMatch(/^2\./);
  expect(value('alerts, 100 devices, 3 days (1 rows), p99')).toBeGreaterThan(0);
  expect(stdout).toContain('alerts, 100 devices, 3 days (1 rows), p99');
});

test.runIf(SERVER_URL !== undefined)(
  'all of it runs on a server',
  async () => {
    const { result, value } = await bench(SERVER_URL ?? '');
    expect(result.engine).toBe('server');
    expect(value('readings')).toBe(10 * 120 * 14);
    for (const name of [
      'landing to plain COPY',
      'battery_telemetry to hand-written',
      'end to end to common solution',
      'row store',
      'compressed',
      'full refresh of battery_telemetry+',
      'degradation, raw rows to aggregates',
    ]) {
      expect(value(name), name).toBeGreaterThan(0);
    }
  },
  400_000,
);

test('a database that cannot be is refused before anything is simulated', async () => {
  const failed = run(process.execPath, [BENCH, '--database-url', 'mysql://x', '--scale', 'smoke']);
  await expect(failed).rejects.toMatchObject({ code: 2 });
});
