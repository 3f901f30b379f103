import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { writeBundledData } from '../../src/simulator/bundled-data.js';

interface Series {
  readonly name: string;
  readonly data: readonly (readonly [number, number])[];
}

function files(folder: string): Map<string, Buffer> {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.json'))
    .sort();
  return new Map(names.map((name) => [name, readFileSync(join(folder, name))]));
}

function telemetry(): Map<string, Map<string, Series['data']>> {
  const responses = [...files('data')].filter(([name]) => name.startsWith('telemetry'));
  return new Map(
    responses.map(([name, bytes]) => {
      const { series } = JSON.parse(bytes.toString()) as { series: Series[] };
      return [name, new Map(series.map((one) => [one.name, one.data]))];
    }),
  );
}

test('data/ is what the simulator writes, and small enough for a clone', () => {
  const folder = mkdtempSync(join(tmpdir(), 'belt-data-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeBundledData(folder);
  const digests = (of: string) =>
    [...files(of)].map(([name, bytes]) => [name, createHash('sha256').update(bytes).digest('hex')]);
  expect(digests('data')).toEqual(digests(folder));
  const bytes = [...files('data').values()].reduce((sum, content) => sum + content.length, 0);
  expect(bytes).toBeLessThan(5_000_000);
});

test('data/ has three sites: a day at 4 s, one below 20 %, one without a state of charge', () => {
  const sites = [...telemetry().values()];
  expect(sites.length).toBe(3);
  const lengths = sites.map((series) => series.get('BatteryPowerW')?.length).sort();
  expect(lengths).toEqual([1440, 1440, 21_600]);
  const last = sites.map((series) => series.get('StateOfChargePercentage')?.at(-1)?.[1]);
  expect(last.filter((value) => value === undefined).length).toBe(1);
  expect(last.filter((value) => value !== undefined && value < 20).length).toBe(1);
  const names = new Set(sites.flatMap((series) => [...series.keys()]));
  expect(names.size).toBe(14);
});

test('the counters of data/ follow from its powers, and its state of charge from both', () => {
  for (const series of telemetry().values()) {
    const power = series.get('BatteryPowerW') ?? [];
    const into = series.get('BatteryImportKwh') ?? [];
    const out = series.get('BatteryExportKwh') ?? [];
    let inWh = 0;
    let outWh = 0;
    for (let index = 1; index < power.length; index++) {
      const [at, watts] = power[index - 1] as [number, number];
      const wattHours = (watts * ((power[index]?.[0] ?? 0) - at)) / 3_600_000;
      if (wattHours > 0) outWh += wattHours;
      else inWh -= wattHours;
    }
    const gained = (counter: readonly (readonly [number, number])[]) =>
      ((counter.at(-1)?.[1] ?? 0) - (counter[0]?.[1] ?? 0)) * 1000;
    expect(Math.abs(gained(into) - inWh)).toBeLessThan(11);
    expect(Math.abs(gained(out) - outWh)).toBeLessThan(11);
    for (const [, percent] of series.get('StateOfChargePercentage') ?? []) {
      expect(percent).toBeGreaterThanOrEqual(0);
      expect(percent).toBeLessThanOrEqual(100);
    }
  }
});
