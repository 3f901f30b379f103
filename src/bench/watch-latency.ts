import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { PoolClient } from 'pg';
import type { BenchDatabase } from './bench-database.js';
import { median } from './median.js';

const CLI = fileURLToPath(new URL('../cli.js', import.meta.url));

/** From the last of a fleet's responses being in place to the alert of the last device being shown. */
export interface WatchLatency {
  readonly devices: number;
  readonly seconds: number;
  /** Of the longest step: landing, and all models. */
  readonly landSeconds: number;
  readonly transformSeconds: number;
}

interface WatchEvent {
  readonly event: string;
  readonly seconds: number;
}

/** Has each device of a fleet of so many give a response, `rounds` times, while belt watches. */
export async function measureWatch(
  database: BenchDatabase,
  folder: string,
  devices: number,
  rounds: number,
): Promise<WatchLatency> {
  const source = join(folder, `watch-${devices}`);
  mkdirSync(join(source, 'telemetry'), { recursive: true });
  const start = Date.now() - 3_600_000;
  writeResponses(source, devices, start, 50);
  const child = startWatch(database.url, source);
  try {
    const lines = createInterface({ input: child.stderr as Readable });
    const seconds = { landed: [] as number[], transformed: [] as number[] };
    lines.on('line', (line) => {
      const { event, seconds: taken } = parsed(line);
      if (event === 'landed' || event === 'transformed') seconds[event].push(taken);
    });
    await eventOf(lines, 'transformed');
    seconds.landed = [];
    seconds.transformed = [];
    const latencies: number[] = [];
    await database.use(async (client) => {
      for (let round = 1; round <= rounds; round++) {
        // what the last round left to do is no part of this one
        await sleep(2500);
        writeResponses(source, devices, start + round * 120_000, round % 2 === 1 ? 8 : 50);
        const written = performance.now();
        await untilAlerts(client, devices, round % 2 === 1);
        latencies.push((performance.now() - written) / 1000);
      }
    });
    return {
      devices,
      seconds: median(latencies),
      landSeconds: median(seconds.landed),
      transformSeconds: median(seconds.transformed),
    };
  } finally {
    child.kill('SIGTERM');
    await new Promise((done) => child.on('close', done));
  }
}

/** Memory of a watch that lands and transforms again and again, in MB: after the first rounds, and at the end. */
export async function measureWatchMemory(
  database: BenchDatabase,
  folder: string,
  loops: number,
): Promise<{ readonly earlyMb: number; readonly lateMb: number }> {
  const source = join(folder, 'watch-memory');
  mkdirSync(join(source, 'telemetry'), { recursive: true });
  const start = Date.now() - 3_600_000;
  const child = startWatch(database.url, source);
  try {
    const lines = createInterface({ input: child.stderr as Readable });
    const memory: number[] = [];
    for (let loop = 0; loop < loops; loop++) {
      const transformed = eventOf(lines, 'transformed');
      writeResponses(source, 3, start + loop * 1000, 50);
      await transformed;
      memory.push(residentMb(child));
    }
    const tenth = Math.ceil(loops / 10);
    return {
      earlyMb: median(memory.slice(tenth, 2 * tenth)),
      lateMb: median(memory.slice(-tenth)),
    };
  } finally {
    child.kill('SIGTERM');
    await new Promise((done) => child.on('close', done));
  }
}

function startWatch(url: string, source: string): ChildProcess {
  return spawn(
    process.execPath,
    [CLI, '--database-url', url, 'watch', '--source', source, '--log-format', 'json'],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
}

function eventOf(lines: Interface, awaited: string): Promise<WatchEvent> {
  return new Promise((done, fail) => {
    const told = (line: string) => {
      const event = parsed(line);
      if (event.event === awaited) leave(() => done(event));
    };
    const ended = () => leave(() => fail(new Error('belt watch has ended.')));
    const leave = (then: () => void) => {
      lines.off('line', told).off('close', ended);
      then();
    };
    lines.on('line', told).on('close', ended);
  });
}

function parsed(line: string): WatchEvent {
  return line.startsWith('{') ? (JSON.parse(line) as WatchEvent) : { event: line, seconds: 0 };
}

/** A new response of each device, put in place by renaming: its last reading is at `toMs`. */
function writeResponses(source: string, devices: number, toMs: number, charge: number): void {
  for (let device = 1; device <= devices; device++) {
    const path = join(source, 'telemetry', `${uuidOf(device)}.json`);
    const pairs = (value: number) => [60_000, 0].map((ago) => [toMs - ago, value]);
    const series = [
      { name: 'StateOfChargePercentage', data: pairs(charge) },
      { name: 'BatteryPowerW', data: pairs(1000) },
      { name: 'BatteryImportKwh', data: pairs(Math.round(toMs / 60_000) / 1000) },
    ];
    writeFileSync(`${path}.part`, JSON.stringify({ series }));
    renameSync(`${path}.part`, path);
  }
}

function uuidOf(device: number): string {
  return `00000000-0000-4000-8000-${String(device).padStart(12, '0')}`;
}

async function untilAlerts(client: PoolClient, devices: number, isAlert: boolean): Promise<void> {
  for (;;) {
    const { rows } = await client.query<{ devices: number }>(
      `select count(distinct device_id)::int as devices from battery_alert
        where state_of_charge_percent < 20`,
    );
    if ((rows[0]?.devices ?? 0) === (isAlert ? devices : 0)) return;
    await sleep(10);
  }
}

/** As the system counts it; 0 where that is not Linux. */
function residentMb({ pid }: ChildProcess): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}
