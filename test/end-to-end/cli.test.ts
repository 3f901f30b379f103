import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createFolder } from '../support/folder.js';
import { eventOf, finished } from '../support/processes.js';
import { DEVICE_A, pairs, T0, writeResponses } from '../support/responses.js';
import { createWorkspace, ENGINES, type Workspace } from '../support/workspace.js';

/** Serves the embedded database of a workspace until the test ends. Gives its URL. */
async function serve(
  workspace: Workspace,
): Promise<{ url: string; stop(): Promise<number | null> }> {
  const child = workspace.spawnBelt('--log-format', 'json', 'db', 'serve', '--port', '0');
  const end = finished(child);
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  const { url } = await eventOf(child, ({ event }) => event === 'serving');
  const stop = async () => {
    child.kill('SIGINT');
    return (await end).code;
  };
  return { url: String(url), stop };
}

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  onTestFinished(() => client.end().catch(() => undefined));
  return client;
}

test('a reader that has seen enough, such as head, is no fault', async () => {
  const folder = createFolder();
  const child = folder.spawnBelt('simulate', '--help');
  let stderr = '';
  child.stderr?.on('data', (text) => {
    stderr += text;
  });
  child.stdout?.destroy();
  const code = await new Promise((done) => child.on('close', done));
  expect(stderr).toBe('');
  expect(code).toBe(0);
});

describe.each(ENGINES)('belt on the %s engine', (engine) => {
  test('start lands, transforms and shows the bundled data, and does nothing the second time', async () => {
    const workspace = await createWorkspace(engine, { direct: true });
    const first = await workspace.beltOk('start');
    expect(first.stdout).toContain('Landed 4 documents (180,000 readings');
    expect(first.stdout).toMatch(/Done in .*: \d+ OK, 0 failed, 0 skipped\./);
    expect(first.stdout).toMatch(/Alerts: 4 open/);
    expect(first.stdout).toMatch(/state_of_charge_low +Havenkade Harlingen .* 12 /);
    expect(first.stdout).toContain('Next steps\n  npm run -s belt -- query');
    const second = await workspace.beltOk('start');
    expect(second.stdout).toContain('Skipped 4 files');
    const status = JSON.parse((await workspace.beltOk('status', '--json')).stdout);
    expect(status).toMatchObject({
      landed: { batches: 1, documents: 4, readings: 180_000 },
      pendingBatches: 0,
      rejectedReadings: 0,
      unmapped: [],
      alerts: [
        { site: 'Havenkade Harlingen', rule: 'state_of_charge_low', value: 12 },
        { rule: 'telemetry_stale' },
        { rule: 'telemetry_stale' },
        { rule: 'telemetry_stale' },
      ],
    });
    expect(await workspace.query('select count(*)::int as readings from battery_reading')).toEqual([
      { readings: 180_000 },
    ]);
  });

  test('every table and column of the schemas raw and belt says what it holds', async () => {
    const workspace = await createWorkspace(engine);
    expect(
      await workspace.query(
        `select attrelid::regclass::text || '.' || attname as untold
          from pg_attribute join pg_class as class on class.oid = attrelid
          where relnamespace in ('raw'::regnamespace, 'belt'::regnamespace) and attnum > 0
            and relkind in ('r', 'p', 'v') and not attisdropped
            and col_description(attrelid, attnum) is null
          union all
          select oid::regclass::text from pg_class
          where relnamespace in ('raw'::regnamespace, 'belt'::regnamespace)
            and relkind in ('r', 'p', 'v') and obj_description(oid, 'pg_class') is null`,
      ),
    ).toEqual([]);
  });

  test('query prints tables, JSON and CSV, and reads only', async () => {
    const workspace = await createWorkspace(engine);
    const sql = `select 1 as a, null as b, 'x,"y"' as c, true as d, '{"k":[1]}'::jsonb as e`;
    expect((await workspace.beltOk('query', sql)).stdout).toMatch(
      /^a {2}b {2}c {6}d {2}e\n[- ]+\n1 {5}x,"y" {2}t .*\n\(1 row\)\n$/,
    );
    expect((await workspace.beltOk('query', sql, '--format', 'csv')).stdout).toBe(
      'a,b,c,d,e\n1,,"x,""y""",t,"{""k"": [1]}"\n',
    );
    const json = async (query: string) =>
      JSON.parse((await workspace.beltOk('query', query, '--format', 'json')).stdout) as unknown;
    expect(await json(sql)).toEqual([{ a: 1, b: null, c: 'x,"y"', d: true, e: { k: [1] } }]);
    expect(await json('select n from generate_series(1, 2500) as n')).toHaveLength(2500);
    expect(await json('select 1 where false')).toEqual([]);

    const writing = await workspace.belt('query', 'create table public.t ()');
    expect(writing.code).toBe(1);
    expect(writing.stderr).toContain('belt query only reads');
    const escaping = await workspace.belt('query', 'select 1; commit; create table public.t ()');
    expect(escaping.code).toBe(1);
    expect(await workspace.query("select to_regclass('public.t') as t")).toEqual([{ t: null }]);
    const wrong = await workspace.belt('query', 'select nothing from nowhere');
    expect(wrong.code).toBe(1);
    expect(wrong.stderr).toMatch(/relation "nowhere" does not exist \(SQLSTATE 42P01\)/);
    expect(wrong.stderr).not.toMatch(/\n\s+at /);
    expect(
      (await workspace.belt('--debug', 'query', 'select nothing from nowhere')).stderr,
    ).toMatch(/\n\s+at /);
  });

  test('doctor tells the engine, its versions and licence, and its workers', async () => {
    const workspace = await createWorkspace(engine, { direct: true });
    const diagnose = async () => {
      const { stdout } = await workspace.belt('doctor', '--json');
      return JSON.parse(stdout) as { check: string; status: string; message: string }[];
    };
    expect((await diagnose()).map(({ check }) => check)).toEqual([
      'engine',
      'postgresql',
      'timescaledb',
      'licence',
      'background workers',
      'rights',
      'migrations',
    ]);
    // the scheduler of TimescaleDB comes to a new database in a moment
    await expect
      .poll(async () => (await diagnose()).filter(({ status }) => status !== 'ok'), {
        timeout: 60_000,
      })
      .toEqual([]);
    expect((await workspace.beltOk('doctor')).stdout).toMatch(
      /ok +timescaledb: TimescaleDB 2\.\d+/,
    );
  });

  test('migrations run once, and one that was changed afterwards is named', async () => {
    const workspace = await createWorkspace(engine);
    const files = readdirSync('sql').sort();
    const status = JSON.parse((await workspace.beltOk('migrate', '--status', '--json')).stdout);
    expect(status.map(({ name }: { name: string }) => name)).toEqual(files);
    expect(status.every((row: { executed_at: string | null }) => row.executed_at !== null)).toBe(
      true,
    );
    expect((await workspace.beltOk('migrate')).stdout).toBe('Up to date.\n');

    await workspace.execute(
      "update belt.schema_migration set checksum = 'other' where name = '0002_raw_landing.sql'",
    );
    for (const command of ['migrate', 'land', 'transform']) {
      const { code, stderr } = await workspace.belt(command);
      expect(code).toBe(1);
      expect(stderr).toContain('0002_raw_landing.sql was changed after it ran');
    }
    const doctor = await workspace.belt('doctor');
    expect(doctor.code).toBe(1);
    expect(doctor.stdout).toContain('0002_raw_landing.sql');
  });

  test('a missing migration is run by land', async () => {
    const workspace = await createWorkspace(engine, { direct: true });
    const last = readdirSync('sql').sort().at(-1) ?? '';
    await workspace.execute(`delete from belt.schema_migration where name = '${last}'`);
    expect((await workspace.beltOk('migrate', '--status')).stdout).toMatch(
      new RegExp(`${last} +missing`),
    );
    const source = writeResponses(workspace, 'in', {
      telemetry: { [DEVICE_A]: { BatteryPowerW: [[T0, 1]] } },
    });
    const { stderr } = await workspace.beltOk('land', '--source', source);
    expect(stderr).toContain(`Migrated: ${last}\n`);
  });

  test('logs as JSON lines for machines', async () => {
    const workspace = await createWorkspace(engine);
    const source = writeResponses(workspace, 'in', {
      telemetry: { [DEVICE_A]: { BatteryPowerW: [[T0, 1]] } },
    });
    await workspace.beltOk('land', '--source', source);
    const { stderr } = await workspace.beltOk('--log-format', 'json', 'transform');
    const events = stderr
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { event: string; name?: string });
    expect(
      events.filter(({ event }) => event === 'node_finished').map(({ name }) => name),
    ).toContain('battery_telemetry');
  });
});

describe('the command line', () => {
  test('wrong usage ends with 2, and says what is right', async () => {
    const folder = createFolder();
    const wrong: [string[], RegExp][] = [
      [['no-such-command'], /unknown command/],
      [['land', '--no-such-option'], /unknown option/],
      [['query'], /missing required argument/],
      [['query', 'select 1', '--format', 'xml'], /Allowed choices are table, json, csv/],
      [['--database-url', 'mysql://x', 'status'], /embedded:PATH .* postgres:\/\//],
      [['--database-url', 'embedded:', 'status'], /names no folder/],
      [['transform', '--vars', 'x=1'], /--vars is not a dictionary of YAML or JSON/],
      [['--project-dir', 'nowhere', 'transform'], /nowhere holds no project/],
    ];
    for (const [parameters, message] of wrong) {
      const { code, stderr } = await folder.belt(...parameters);
      expect(code, parameters.join(' ')).toBe(2);
      expect(stderr).toMatch(message);
    }
    expect((await folder.belt('--help')).code).toBe(0);
    expect((await folder.belt('--version')).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  test('a server that does not answer is told without its password', async () => {
    const { code, stderr } = await createFolder().belt(
      '--database-url',
      'postgres://me:s3cret@127.0.0.1:1/x',
      'status',
    );
    expect(code).toBe(1);
    expect(stderr).toContain('postgres://me:***@127.0.0.1:1/x does not answer');
    expect(stderr).not.toContain('s3cret');
  });
});

describe('the embedded database', () => {
  test('is used by one process at a time, and outlives one that is killed', async () => {
    const workspace = await createWorkspace('embedded', { direct: true });
    const source = writeResponses(workspace, 'in', {
      telemetry: { [DEVICE_A]: { BatteryPowerW: pairs(T0, 100, 4000, (index) => index) } },
    });
    await workspace.beltOk('land', '--source', source);
    await workspace.beltOk('transform');
    const child = workspace.spawnBelt('db', 'serve', '--port', '0');
    await new Promise((done) => child.stderr?.once('data', done));
    const refused = await workspace.belt('status');
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/in use by process \d+ \(belt db serve\)/);
    expect(refused.stderr).toMatch(/DATABASE_URL=postgres:\/\/postgres@127\.0\.0\.1:\d+/);
    child.kill('SIGKILL');
    await new Promise((done) => child.on('close', done));
    // the compressed chunk is still read after a new start
    expect(await workspace.query('select count(*)::int as rows from battery_telemetry')).toEqual([
      { rows: 100 },
    ]);
  });

  test('is served to several clients, with transactions, prepared statements and COPY', async () => {
    const workspace = await createWorkspace('embedded', { direct: true });
    const served = await serve(workspace);
    const [one, two] = [await connect(served.url), await connect(served.url)];
    await one.query('create table t (n int primary key, body jsonb)');
    await pipeline(
      Readable.from(Array.from({ length: 1000 }, (_, n) => `${n}\t{"n": ${n}}\n`)),
      one.query(copyFrom('copy t from stdin')),
    );
    expect((await two.query('select count(*)::int as rows from t')).rows).toEqual([{ rows: 1000 }]);
    await expect(
      pipeline(Readable.from(['1001\t{}\n', '1\t{}\n']), one.query(copyFrom('COPY t FROM STDIN'))),
    ).rejects.toThrow(/duplicate key/);

    // two sessions use the same name for different statements
    const named = (client: pg.Client, text: string) =>
      client.query({ name: 's', text, values: [1] });
    expect((await named(one, 'select $1::int as a')).rows).toEqual([{ a: 1 }]);
    expect((await named(two, 'select $1::int + 1 as b')).rows).toEqual([{ b: 2 }]);
    expect((await named(one, 'select $1::int as a')).rows).toEqual([{ a: 1 }]);

    // a transaction is alone on the engine until it ends
    await one.query('begin');
    await one.query('delete from t');
    const seen = two.query('select count(*)::int as rows from t');
    await one.query('rollback');
    expect((await seen).rows).toEqual([{ rows: 1000 }]);

    // a client that goes away in a transaction leaves nothing of it, and lets the others on
    await one.query('begin');
    await one.query('delete from t');
    await one.end();
    expect((await two.query('select count(*)::int as rows from t')).rows).toEqual([{ rows: 1000 }]);
    await expect(two.query('select 1 / 0')).rejects.toThrow('division by zero');
    await two.end();
    expect(await served.stop()).toBe(0);
    expect(await workspace.query('select count(*)::int as rows from t')).toEqual([{ rows: 1000 }]);
  });

  test('is known again where another process serves it', async () => {
    const workspace = await createWorkspace('embedded');
    expect(workspace.url).toMatch(/^postgres:/);
    const { stdout } = await workspace.beltOk('doctor', '--json');
    const findings = JSON.parse(stdout) as { check: string; status: string; message: string }[];
    const messageOf = (name: string) => findings.find(({ check }) => check === name)?.message;
    expect(messageOf('engine')).toMatch(/^embedded engine, served at postgres:/);
    expect(messageOf('background workers')).toContain('belt transform runs the policies');
    await workspace.beltOk('start');
    const [row] = await workspace.query<{ compressed: number }>(
      "select count(*)::int as compressed from timescaledb_information.chunks where hypertable_name = 'battery_telemetry' and is_compressed",
    );
    expect(row?.compressed).toBeGreaterThan(0);
  });

  test('a project of another folder is found from there', async () => {
    const workspace = await createWorkspace('embedded');
    workspace.write('mine/models/one.sql', 'select 1 as one');
    await workspace.beltOk('transform', '--project-dir', join(workspace.dir, 'mine'));
    expect(await workspace.query('select * from one')).toEqual([{ one: 1 }]);
  });
});
