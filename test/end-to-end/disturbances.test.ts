import type { ChildProcess } from 'node:child_process';
import { mkdirSync, readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import pg from 'pg';
import { describe, expect, test } from 'vitest';
import { eventOf, finished } from '../support/processes.js';
import { createWorkspace, ENGINES, type Workspace } from '../support/workspace.js';

/** Each has a kill and a cut connection, of a landing and of a transform in turn: 100 by hand. */
const ROUNDS = Number(process.env.DISTURBANCE_ROUNDS ?? 2);

/** Small responses, so that each round lands two groups of 1,000 by several sessions. */
const RESPONSES_A_ROUND = 38;
const FLEET = ['--devices', '40', '--cadence', '3m', '--chunk', '15m', '--series', 'all'];
const FAULTS = ['--faults', 'overlap=0.2,correct=0.1,null=0.02'];
const FROM = Date.UTC(2025, 1, 6);
const QUARTER_MS = 15 * 60_000;

const DISTURBANCES = ['kill', 'cut'] as const;
type Disturbance = (typeof DISTURBANCES)[number];

describe.runIf(ENGINES.includes('server'))('kills and cut connections', () => {
  test(
    'of landings and transforms by several sessions end in the same tables',
    async () => {
      const workspace = await createWorkspace('server');
      const sources = await simulate(workspace);
      const whole = await createWorkspace('server');
      const times = await undisturbed(
        whole,
        sources.map((source) => join(workspace.dir, source)),
      );
      const outcomes: string[] = [];
      for (const [round, source] of sources.entries()) {
        const kinds = round % 2 === 0 ? DISTURBANCES : DISTURBANCES.toReversed();
        const [first, second] = kinds as [Disturbance, Disturbance];
        const land = ['land', '--source', source, '--threads', '3'];
        outcomes.push(await disturbed(workspace, first, land, times.land));
        await workspace.beltOk(...land);
        const transform = ['transform', '--threads', '4'];
        outcomes.push(await disturbed(workspace, second, transform, times.transform));
      }
      await workspace.beltOk('transform', '--threads', '2');

      expect(await whole.query(LEFT)).toEqual([{ pieces: 0, landing: 0, twice: 0 }]);
      expect(await workspace.query(LEFT)).toEqual([{ pieces: 0, landing: 0, twice: 0 }]);
      expect(await workspace.query(CONTENTS)).toEqual(await whole.query(CONTENTS));
      if (process.env.DISTURBANCE_ROUNDS !== undefined) process.stdout.write(summaryOf(outcomes));
    },
    ROUNDS * 60_000 + 600_000,
  );
});

const DEVICE = 'join device using (device_id)';

/** All that is told, with the vendor's ids in place of keys, which depend on the order of landing. */
const CONTENTS = `select
  ${Object.entries({
    telemetry: 'battery_telemetry',
    latest: 'battery_latest',
    hourly: 'battery_hourly',
    daily: 'battery_daily',
  })
    .map(
      ([name, table]) => `(
    select md5(string_agg(told, ',' order by told)) from (
      select device_uuid || (to_jsonb(t) - 'device_id')::text as told from ${table} as t ${DEVICE}
    ) as t) as ${name}`,
    )
    .join(',\n')},
  (select count(*)::int from battery_telemetry) as rows,
  (select count(*)::int from raw.telemetry_response) as responses,
  (select md5(string_agg(vendor_series || device_uuid || element::text || reason, ',' order by vendor_series, device_uuid, element::text)) from telemetry_reject) as rejects`;

const LEFT = `select (select count(*)::int from belt.model_piece) as pieces,
  (select count(*)::int from raw.batch where status = 'landing') as landing,
  (select count(*)::int - count(distinct (device_id, ts))::int from battery_telemetry) as twice`;

/** Responses of a fleet, in a folder for each round. */
async function simulate(workspace: Workspace): Promise<string[]> {
  const time = [
    '--from',
    timeText(FROM),
    '--to',
    timeText(FROM + ROUNDS * RESPONSES_A_ROUND * QUARTER_MS),
  ];
  await workspace.beltOk('simulate', ...FLEET, ...FAULTS, ...time, '--out', 'fleet');
  const sources = Array.from({ length: ROUNDS }, (_, round) => `in-${round}`);
  for (const device of readdirSync(join(workspace.dir, 'fleet/telemetry'))) {
    const files = readdirSync(join(workspace.dir, 'fleet/telemetry', device)).sort();
    for (const [index, file] of files.entries()) {
      const round = Math.min(ROUNDS - 1, Math.floor(index / RESPONSES_A_ROUND));
      const folder = join(workspace.dir, `in-${round}/telemetry`, device);
      mkdirSync(folder, { recursive: true });
      renameSync(join(workspace.dir, 'fleet/telemetry', device, file), join(folder, file));
    }
  }
  return sources;
}

function timeText(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace('.000Z', 'Z');
}

/** Lands and transforms all, one after the other, and tells how long a round's take. */
async function undisturbed(workspace: Workspace, sources: readonly string[]) {
  const timed = async (...parameters: string[]) => {
    const start = performance.now();
    await workspace.beltOk(...parameters);
    return performance.now() - start;
  };
  const times = { land: 0, transform: 0 };
  for (const [round, source] of sources.entries()) {
    times.land = await timed('land', '--source', source, '--threads', '1');
    if (round < 2) times.transform = await timed('transform', '--threads', '1');
  }
  await workspace.beltOk('transform', '--threads', '1');
  return times;
}

/** Runs belt, and kills it or cuts one of its connections at some time while it is at work. */
async function disturbed(
  workspace: Workspace,
  kind: Disturbance,
  parameters: readonly string[],
  milliseconds: number,
): Promise<string> {
  const child = workspace.spawnBelt(...parameters, '--log-format', 'json');
  const end = finished(child);
  // the first thing that it says, or its end
  await Promise.race([eventOf(child, () => true).catch(() => undefined), end]);
  await Promise.race([after(Math.random() * milliseconds), end]);
  if (kind === 'kill') child.kill('SIGKILL');
  else await cut(workspace, child);
  const { code } = await end;
  expect([0, 1, null]).toContain(code);
  return `${kind} of ${parameters[0]}: ${code === 0 ? 'it was done' : 'it was stopped'}`;
}

/** Ends one of the connections that belt has, whatever it does. */
async function cut({ url }: Workspace, child: ChildProcess): Promise<void> {
  const client = new pg.Client({ connectionString: url, application_name: 'cut' });
  await client.connect();
  let cuts = 0;
  while (cuts === 0 && child.exitCode === null) {
    const { rowCount } = await client.query(CUT_ONE);
    cuts += rowCount ?? 0;
  }
  await client.end();
}

const CUT_ONE = `select pg_terminate_backend(pid) from pg_stat_activity
  where datname = current_database() and application_name = 'belt'
  order by state = 'active' desc, random() limit 1`;

function summaryOf(outcomes: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const outcome of outcomes) counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  return [...counts].map(([outcome, count]) => `${count} x ${outcome}\n`).join('');
}
