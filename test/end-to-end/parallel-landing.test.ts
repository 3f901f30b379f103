import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as after } from 'node:timers/promises';
import pg from 'pg';
import { describe, expect, onTestFinished, test } from 'vitest';
import { DEVICE_A, DEVICE_B, HOUR, T0, writeResponses } from '../support/responses.js';
import { createWorkspace, ENGINES, type Workspace } from '../support/workspace.js';

/** Landings that are killed, and that are cut off: more of them by hand. */
const ROUNDS = Number(process.env.LANDING_ROUNDS ?? 2);

/** More than four groups of 1,000, so that several sessions copy at a time. */
const FILES = 4500;

/** Rows in their order, whatever their numbers; those that count, and what is noted of them. */
const DIGEST = `select count(*)::int as rows,
    count(*) filter (where batch_id in (select batch_id from raw.batch where status = 'landed'))::int as landed,
    md5(string_agg(resource_path || encode(sha256, 'hex') || body::text, ',' order by response_id)) as digest,
    (select sum(documents)::int from raw.batch_content) as noted,
    (select count(*)::int from raw.latest_response) as known
  from raw.telemetry_response`;

const CLEAR = `truncate raw.batch, raw.telemetry_response, raw.asset_response,
  raw.rejected_response, raw.batch_content, raw.latest_response`;

describe.runIf(ENGINES.includes('server'))('belt land by several sessions', () => {
  test('lands the same rows in the same order as one session', async () => {
    const { workspace, source, client } = await prepare();
    const landed: unknown[] = [];
    for (const threads of ['1', '3']) {
      await client.query(CLEAR);
      await workspace.beltOk('land', '--source', source, '--threads', threads);
      landed.push((await client.query(DIGEST)).rows[0]);
    }
    expect(landed[0]).toMatchObject({
      rows: FILES,
      landed: FILES,
      noted: FILES,
      known: FILES,
    });
    expect(landed[1]).toEqual(landed[0]);
    const { rows } = await client.query(
      'select resource_path from raw.telemetry_response order by response_id',
    );
    const paths = rows.map((row) => row.resource_path);
    expect(paths).toEqual(paths.toSorted());
  });

  test('comes to the same rows after it was killed or cut off at any time', async () => {
    const { workspace, source, client } = await prepare();
    const land = ['land', '--source', source, '--threads', '3'] as const;
    await workspace.beltOk(...land);
    const undisturbed = (await client.query(DIGEST)).rows[0];
    const outcomes: string[] = [];
    for (let round = 0; round < ROUNDS * 2; round++) {
      await client.query(CLEAR);
      const child = workspace.spawnBelt(...land, '--log-format', 'json');
      const closed = new Promise((done) => child.on('close', done));
      await event(child, Math.floor(Math.random() * 5));
      await after(Math.random() * 30);
      if (round % 2 === 0) child.kill('SIGKILL');
      else await client.query(CUT_ONE);
      await closed;
      const { rows } = await client.query(DIGEST);
      outcomes.push(`${round % 2 === 0 ? 'killed' : 'cut'}: ${rows[0].landed} landed`);
      expect([0, FILES]).toContain(rows[0].landed);

      await workspace.beltOk(...land);
      expect((await client.query(DIGEST)).rows[0]).toEqual(undisturbed);
      const unfinished = await client.query("select from raw.batch where status = 'landing'");
      expect(unfinished.rowCount).toBe(0);
    }
    if (process.env.LANDING_ROUNDS !== undefined) process.stdout.write(outcomes.join('\n'));
  });

  test('hides a batch of which some sessions have committed, and removes it', async () => {
    const { workspace, source, client } = await prepare();
    const before = writeResponses(workspace, 'before', {
      telemetry: { [DEVICE_A]: { BatteryPowerW: [[T0 - HOUR, 1]] } },
    });
    await workspace.beltOk('land', '--source', before);
    await workspace.beltOk('transform');

    // the last session waits at its commit, when the others have done theirs
    await client.query(`
      create function public.wait() returns trigger language plpgsql as
        'begin perform pg_advisory_xact_lock(4711); return null; end';
      create constraint trigger wait after update on raw.batch deferrable initially deferred
        for each row when (new.status = 'landed') execute function public.wait();
      select pg_advisory_lock(4711)`);
    const child = workspace.spawnBelt('land', '--source', source, '--threads', '3');
    const closed = new Promise((done) => child.on('close', done));
    const waiting = `select pid from pg_locks where locktype = 'advisory' and not granted
      and objid = 4711 and database = (select oid from pg_database where datname = current_database())`;
    while ((await client.query(waiting)).rowCount === 0) await after(20);
    child.kill('SIGKILL');
    await closed;
    await client.query(`select pg_terminate_backend(pid) from (${waiting}) as waiting`);
    while ((await client.query(waiting)).rowCount !== 0) await after(20);
    await client.query('drop trigger wait on raw.batch; select pg_advisory_unlock(4711)');

    const left = (await client.query(DIGEST)).rows[0];
    expect(left.landed).toBe(1);
    expect(left.rows).toBeGreaterThan(1);
    const readings = () =>
      client.query('select count(*)::int as rows from battery_telemetry').then(({ rows }) => rows);
    const window = ['--event-time-start', '2025-02-06', '--event-time-end', '2025-02-07'];
    await workspace.beltOk('transform', ...window, '--select', 'battery_telemetry');
    expect(await readings()).toEqual([{ rows: 1 }]);

    await workspace.beltOk('land', '--source', source, '--threads', '3');
    expect((await client.query(DIGEST)).rows[0]).toMatchObject({
      rows: FILES + 1,
      landed: FILES + 1,
    });
    const batches = await client.query('select status, message from raw.batch order by batch_id');
    expect(batches.rows).toEqual([
      { status: 'landed', message: null },
      { status: 'failed', message: 'it was stopped before its end' },
      { status: 'landed', message: null },
    ]);
  });
});

/** Ends one of the connections of the landing, whatever it does. */
const CUT_ONE = `select pg_terminate_backend(pid) from pg_stat_activity
  where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'
  order by random() limit 1`;

async function prepare(): Promise<{ workspace: Workspace; source: string; client: pg.Client }> {
  const workspace = await createWorkspace('server');
  const telemetry = Object.fromEntries(
    Array.from({ length: FILES }, (_, index) => [
      `${index % 2 === 0 ? DEVICE_A : DEVICE_B}/${String(index).padStart(5, '0')}`,
      { BatteryPowerW: [[T0 + index * 1000, index]] },
    ]),
  );
  const source = writeResponses(workspace, 'in', { telemetry });
  const client = new pg.Client({ connectionString: workspace.url });
  await client.connect();
  onTestFinished(() => client.end());
  return { workspace, source, client };
}

/** Waits until a landing has told `count` times that more of it is in the database, or for its end. */
function event(child: ChildProcess, count: number): Promise<void> {
  const { stderr } = child;
  if (stderr === null) throw new Error('The process has no standard error.');
  return new Promise((done) => {
    let seen = 0;
    createInterface({ input: stderr }).on('line', (line) => {
      const name = (JSON.parse(line) as { event?: string }).event;
      if (name === 'landing_started' || name === 'landing_progress') seen++;
      if (seen > count) done();
    });
    child.on('close', () => done());
  });
}
