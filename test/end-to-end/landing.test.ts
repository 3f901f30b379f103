import { type ChildProcess, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, test } from 'vitest';
import { eventOf, finished } from '../support/processes.js';
import { writeProject } from '../support/project.js';
import {
  DEVICE_A,
  DEVICE_B,
  DEVICE_C,
  DEVICE_D,
  HOUR,
  pairs,
  T0,
  telemetryJson,
  writeResponses,
} from '../support/responses.js';
import { createWorkspace, ENGINES } from '../support/workspace.js';

const SERIES = {
  BatteryPowerW: [
    [T0, 1499],
    [T0 + 4000, -20.5],
  ],
  Odd: [[T0, 'x'], null],
} as const;

type LogEvent = Readonly<Record<string, unknown>>;

/** What a process tells on standard error with --log-format json. */
function eventsOf(child: ChildProcess) {
  const all: LogEvent[] = [];
  const waiting = new Map<string, (event: LogEvent) => void>();
  if (child.stderr === null) throw new Error('The process has no standard error.');
  createInterface({ input: child.stderr }).on('line', (line) => {
    const event = JSON.parse(line) as LogEvent;
    all.push(event);
    waiting.get(String(event.event))?.(event);
  });
  return {
    all,
    /** The first event of a name; an error if the process ends without it. */
    next: (name: string) =>
      new Promise<LogEvent>((done, fail) => {
        const known = all.find(({ event }) => event === name);
        if (known !== undefined) return done(known);
        waiting.set(name, done);
        child.on('close', () =>
          fail(new Error(`It ended without ${name}: ${JSON.stringify(all)}`)),
        );
      }),
  };
}

describe.each(ENGINES)('belt land on the %s engine', (engine) => {
  test('keeps each response as it is, with its origin', async () => {
    const workspace = await createWorkspace(engine);
    const source = writeResponses(workspace, 'in', {
      assets: [{ deviceId: DEVICE_A, description: 'Zonneveld', state: 'Ok' }],
      telemetry: { [DEVICE_A]: SERIES, [`${DEVICE_B}/20250206T140000Z`]: SERIES },
    });
    const landed = JSON.parse(
      (await workspace.beltOk('land', '--source', source, '--json')).stdout,
    );
    expect(landed).toMatchObject({ documents: 3, readings: 8, skipped: 0, rejected: [] });

    const file = readFileSync(`${source}/telemetry/${DEVICE_A}.json`);
    const rows = await workspace.query(
      `select resource_path, device_uuid, encode(sha256, 'hex') as sha256, size_bytes, batch_id,
        readings, ordered, body from raw.telemetry_response order by resource_path`,
    );
    expect(rows).toEqual([
      expect.objectContaining({
        resource_path: `telemetry/${DEVICE_A}.json`,
        device_uuid: DEVICE_A,
        sha256: createHash('sha256').update(file).digest('hex'),
        size_bytes: file.length,
        readings: 4,
        body: JSON.parse(file.toString()),
      }),
      expect.objectContaining({
        resource_path: `telemetry/${DEVICE_B}/20250206T140000Z.json`,
        device_uuid: DEVICE_B,
      }),
    ]);
    const batches = await workspace.query(
      'select documents, readings, bytes, skipped, rejected, status, source, ended_at >= started_at as ended from raw.batch',
    );
    expect(batches).toEqual([
      {
        documents: 3,
        readings: 8,
        bytes: landed.bytes,
        skipped: 0,
        rejected: 0,
        status: 'landed',
        source,
        ended: true,
      },
    ]);
  });

  test('shows models, their tests and freshness no row of a batch that has not been landed', async () => {
    const workspace = await createWorkspace(engine);
    const telemetry = { [DEVICE_A]: SERIES };
    await workspace.beltOk('land', '--source', writeResponses(workspace, 'in', { telemetry }));
    // as one that is under way, or was killed, leaves it
    await workspace.execute(`
      insert into raw.batch (batch_id, source, started_at, status)
        values (7, 'x', now() + interval '1 day', 'landing');
      create temp table one as select * from raw.telemetry_response;
      update one set response_id = 1000, batch_id = 7, landed_at = now() + interval '1 day';
      insert into raw.telemetry_response select * from one`);
    const project = writeProject(workspace, {
      'models/all_rows.sql': "select response_id from {{ source('raw', 'telemetry_response') }}",
      'models/copied.sql': `{{ config(materialized='table') }}
        select * from {{ new_rows(source('raw', 'telemetry_response')) }} as response`,
      'models/sources.yml': `sources:
  - name: raw
    tables:
      - name: telemetry_response
        loaded_at_field: landed_at
        freshness: {error_after: {count: 1, period: hour}}
        columns: [{name: batch_id, tests: [{accepted_values: {values: [1]}}]}]
`,
    });
    await workspace.beltOk('build', '--project-dir', project);
    expect(
      await workspace.query(
        'select (select count(*)::int from all_rows) as seen, (select count(*)::int from copied) as new',
      ),
    ).toEqual([{ seen: 1, new: 1 }]);
    const fresh = ['source', 'freshness', '--project-dir', project, '--json'];
    const [told] = JSON.parse((await workspace.beltOk(...fresh)).stdout);
    expect(told.age).toBeGreaterThan(0);
  });

  test('skips the same bytes, and lands other bytes of the same path, also when they come back', async () => {
    const workspace = await createWorkspace(engine);
    const land = async (value: number) => {
      const source = writeResponses(workspace, 'in', {
        telemetry: { [DEVICE_A]: { BatteryPowerW: [[T0, value]] } },
      });
      const { stdout } = await workspace.beltOk('land', '--source', source, '--json');
      const { documents, skipped } = JSON.parse(stdout);
      return { documents, skipped };
    };
    expect(await land(1)).toEqual({ documents: 1, skipped: 0 });
    expect(await land(1)).toEqual({ documents: 0, skipped: 1 });
    expect(await land(2)).toEqual({ documents: 1, skipped: 0 });
    expect(await land(1)).toEqual({ documents: 1, skipped: 0 });
  });

  test('puts bad files into quarantine once, with reason and position, and lands the rest', async () => {
    const workspace = await createWorkspace(engine);
    const source = writeResponses(workspace, 'in', { telemetry: { [DEVICE_A]: SERIES } });
    const bad = {
      'telemetry/00000000-0000-4000-8000-000000000001.json': '',
      'telemetry/00000000-0000-4000-8000-000000000002.json': '<!doctype html><title>502</title>',
      'telemetry/00000000-0000-4000-8000-000000000003.json': telemetryJson(SERIES).slice(0, 40),
      'telemetry/00000000-0000-4000-8000-000000000004.json':
        '{"series":[{"name":"a\\u0000","data":[]}]}',
      'telemetry/00000000-0000-4000-8000-000000000005.json': '{"error":"try again"}',
      'telemetry/not-a-device.json': telemetryJson(SERIES),
      'assets/assets.json': '{"items":[{"deviceId":"7"}]}',
    };
    for (const [path, content] of Object.entries(bad)) workspace.write(`in/${path}`, content);
    const first = await workspace.belt('land', '--source', source);
    expect(first.code).toBe(0);
    expect(first.stdout).toContain('Landed 1 document ');
    for (const path of Object.keys(bad)) expect(first.stdout).toContain(path);

    const quarantine = () =>
      workspace.query<{ resource_path: string; reason: string; content: string }>(
        `select resource_path, reason, convert_from(content, 'UTF8') as content, position
          from raw.rejected_response order by resource_path`,
      );
    const rejected = await quarantine();
    expect(Object.fromEntries(rejected.map((row) => [row.resource_path, row.content]))).toEqual(
      bad,
    );
    expect(rejected.map((row) => row.reason)).toEqual([
      'wrong_shape',
      'empty',
      'html',
      'truncated',
      'nul_character',
      'wrong_shape',
      'unknown_device',
    ]);
    expect(rejected[3]).toMatchObject({ position: 40 });

    const again = await workspace.belt('land', '--source', source, '--strict');
    expect(again.code).toBe(1);
    expect(await quarantine()).toEqual(rejected);
  });

  test('lands a response larger than 32 MB in parts that are responses of their own', async () => {
    const workspace = await createWorkspace(engine);
    const count = 1_000_000;
    const series = {
      BatteryPowerW: pairs(T0, count, 1000, (index) => index % 5000),
      GridPowerW: pairs(T0, count, 1000, (index) => (index % 77) * 1.5),
    };
    const source = writeResponses(workspace, 'in', { telemetry: { [DEVICE_A]: series } });
    await workspace.beltOk('land', '--source', source);
    const parts = await workspace.query(
      `select part, parts, sum(readings)::int as readings, max(size_bytes) <= 33554432 as fits,
          bool_and(jsonb_typeof(body -> 'series') = 'array') as is_response
        from raw.telemetry_response group by part, parts order by part`,
    );
    expect(parts.length).toBeGreaterThan(1);
    expect(parts.every((part) => part.fits === true && part.is_response === true)).toBe(true);
    expect(parts.reduce((sum, part) => sum + Number(part.readings), 0)).toBe(2 * count);
    const [digest] = await workspace.query(
      `select count(*)::int as count, sum((reading ->> 1)::numeric)::float8 as sum
        from raw.telemetry_response, jsonb_array_elements(body -> 'series') as series,
          jsonb_array_elements(series -> 'data') as reading`,
    );
    const sum = Object.values(series)
      .flat()
      .reduce((total, [, value]) => total + value, 0);
    expect(digest).toEqual({ count: 2 * count, sum });
    const again = await workspace.beltOk('land', '--source', source, '--json');
    expect(JSON.parse(again.stdout)).toMatchObject({ documents: 0, skipped: 1 });
  });

  test('leaves nothing of a batch behind when it is interrupted', async () => {
    const workspace = await createWorkspace(engine);
    const telemetry = Object.fromEntries(
      Array.from({ length: 60 }, (_, index) => [
        `${DEVICE_A}/${String(index).padStart(3, '0')}`,
        { BatteryPowerW: pairs(T0 + index * HOUR, 60_000, 40, (value) => value) },
      ]),
    );
    const source = writeResponses(workspace, 'in', { telemetry });
    const child = workspace.spawnBelt('land', '--source', source, '--log-format', 'json');
    const closed = new Promise((done) => child.on('close', done));
    const events = eventsOf(child);
    const copied = await events.next('landing_progress');
    // most of it is still to come; it stands still until the signal is there
    child.kill('SIGSTOP');
    child.kill('SIGINT');
    child.kill('SIGCONT');
    const code = await closed;

    expect(copied.documents).toBeGreaterThan(0);
    expect(copied.documents).toBeLessThan(60);
    expect(code).toBe(130);
    expect(events.all.at(-1)).toMatchObject({
      event: 'error',
      message: 'Landing was interrupted; nothing of the batch was kept.',
    });
    const counts = `select (select count(*) from raw.telemetry_response)::int as responses,
      (select string_agg(status || ': ' || coalesce(message, ''), ', ' order by batch_id)
        from raw.batch) as batches`;
    expect(await workspace.query(counts)).toEqual([
      { responses: 0, batches: 'failed: interrupted' },
    ]);

    await workspace.beltOk('land', '--source', source);
    expect(await workspace.query(counts)).toEqual([
      { responses: 60, batches: 'failed: interrupted, landed: ' },
    ]);
  });

  test('leaves nothing of it behind either where one group is being copied and the next one waits', async () => {
    const workspace = await createWorkspace(engine);
    const telemetry = Object.fromEntries(
      Array.from({ length: 40 }, (_, index) => [
        `${DEVICE_A}/${String(index).padStart(3, '0')}`,
        { BatteryPowerW: pairs(T0 + index * HOUR, 60_000, 40, (value) => value) },
      ]),
    );
    const source = writeResponses(workspace, 'in', { telemetry });
    const child = workspace.spawnBelt('land', '--source', source, '--log-format', 'json');
    const end = finished(child);
    await eventOf(child, ({ event }) => event === 'landing_progress');
    // by now the files of the next group are read, and it waits; were it not so, nothing is kept either
    await new Promise((done) => setTimeout(done, engine === 'embedded' ? 200 : 50));
    child.kill('SIGINT');
    expect((await end).code).toBe(130);
    expect(await workspace.query('select count(*)::int as n from raw.telemetry_response')).toEqual([
      { n: 0 },
    ]);
  });

  test('tells of what it cannot read, lands the rest, and does not say that all is well', async () => {
    const workspace = await createWorkspace(engine);
    const source = writeResponses(workspace, 'in', {
      telemetry: { [DEVICE_A]: SERIES, [`${DEVICE_C}/1`]: SERIES },
    });
    // a folder that is elsewhere in the source is read; one that is nowhere, or out of the source, a
    // file in no end of circles, and what is no regular file, are not
    renameSync(`${source}/telemetry/${DEVICE_C}`, `${source}/elsewhere`);
    symlinkSync('../elsewhere', `${source}/telemetry/${DEVICE_C}`);
    symlinkSync('/nowhere', `${source}/telemetry/${DEVICE_B}`);
    symlinkSync(`${DEVICE_B}.json`, `${source}/telemetry/${DEVICE_B}.json`);
    symlinkSync('assets', `${source}/assets`);
    symlinkSync('/', `${source}/telemetry/${DEVICE_D}`);
    symlinkSync('/etc/passwd', `${source}/telemetry/${DEVICE_D}.json`);
    symlinkSync('/dev/zero', `${source}/elsewhere/2.json`);
    execFileSync('mkfifo', [`${source}/elsewhere/3.json`]);
    const landed = await workspace.belt('land', '--source', source, '--log-format', 'json');
    expect(landed.code).toBe(1);
    expect(landed.stdout).toContain('Landed 2 documents ');
    expect(landed.stdout).toContain('Could not read 7 files or folders');
    expect(landed.stdout).toContain('land again: what was landed is skipped');
    expect(landed.stdout).toContain(
      `telemetry/${DEVICE_D}.json: the file cannot be read: it is a link out of the source, to /etc/passwd`,
    );
    const unread = [
      'assets/',
      `telemetry/${DEVICE_B}/`,
      `telemetry/${DEVICE_B}.json`,
      `telemetry/${DEVICE_C}/2.json`,
      `telemetry/${DEVICE_C}/3.json`,
      `telemetry/${DEVICE_D}/`,
      `telemetry/${DEVICE_D}.json`,
    ];
    for (const path of unread) {
      expect(landed.stdout).toMatch(
        new RegExp(`^  ${path}: the (file|folder) cannot be read: `, 'm'),
      );
    }
    expect(
      await workspace.query('select reason, resource_path from raw.rejected_response order by 2'),
    ).toEqual(unread.toSorted().map((resource_path) => ({ reason: 'unreadable', resource_path })));
    expect(await workspace.query('select documents, rejected, status from raw.batch')).toEqual([
      { documents: 2, rejected: 7, status: 'landed' },
    ]);

    for (const path of unread) rmSync(`${source}/${path.replace(/\/$/, '')}`);
    const mended = await workspace.belt('land', '--source', source, '--json');
    expect(mended.code).toBe(0);
    expect(JSON.parse(mended.stdout)).toMatchObject({ documents: 0, skipped: 2, rejected: [] });
  });

  test('shows what was rejected, writes it into files, and lands it when it is fine by now', async () => {
    const workspace = await createWorkspace(engine);
    const whole = telemetryJson(SERIES);
    const paths = [`telemetry/${DEVICE_A}.json`, `telemetry/${DEVICE_B}.json`];
    const cut = whole.slice(0, 40);
    for (const path of paths) workspace.write(`in/${path}`, cut);
    const source = join(workspace.dir, 'in');
    await workspace.belt('land', '--source', source);

    const list = JSON.parse((await workspace.beltOk('rejected', 'list', '--json')).stdout);
    expect(list).toMatchObject(
      paths.map((path) => ({ path, reason: 'truncated', sizeBytes: 40, isSuperseded: false })),
    );
    const [{ id: a }, { id: b }] = list;
    expect((await workspace.beltOk('rejected', 'show', a)).stdout.split('\n').at(-2)).toBe(
      `${' '.repeat(40)}^ byte 40`,
    );
    await workspace.beltOk('rejected', 'export', a, '--to', join(workspace.dir, 'out'));
    expect(readFileSync(join(workspace.dir, 'out', paths[0] ?? ''), 'utf8')).toBe(cut);
    const still = await workspace.belt('rejected', 'retry', '--all');
    expect(still).toMatchObject({ code: 1, stdout: expect.stringContaining('Rejected 2 files') });

    // as if an older belt had refused what is fine
    await workspace.execute(
      `update raw.rejected_response set content = convert_to('${whole}', 'UTF8'), size_bytes = ${whole.length}`,
    );
    workspace.write(`in/${paths[1]}`, telemetryJson({ Odd: [[T0, 1]] }));
    rmSync(join(source, paths[0] ?? ''));
    await workspace.beltOk('land', '--source', source);
    const retried = await workspace.beltOk('rejected', 'retry', '--all');
    expect(retried.stdout).toContain('Landed 1 document ');
    expect(retried.stderr).toContain(`Left out ${b}: other bytes of its path`);
    expect(
      await workspace.query(
        `select resource_path, body = '${whole}'::jsonb as same from raw.telemetry_response order by response_id`,
      ),
    ).toEqual([
      { resource_path: paths[1], same: false },
      { resource_path: paths[0], same: true },
    ]);
    const left = JSON.parse((await workspace.beltOk('rejected', 'list', '--json')).stdout);
    expect(left).toMatchObject([{ id: b, isSuperseded: true }]);
    const unknown = await workspace.belt('rejected', 'show', '999');
    expect(unknown).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('belt rejected list'),
    });
  });

  test('tells of files that it passes over', async () => {
    const workspace = await createWorkspace(engine);
    const source = writeResponses(workspace, 'in', {
      telemetry: { [`2025/${DEVICE_A}/1`]: SERIES, [`2025/${DEVICE_B}/1`]: SERIES },
    });
    workspace.write('in/telemetry/README.md', 'of no interest');
    const none = await workspace.belt('land', '--source', source);
    expect(none.code).toBe(1);
    expect(none.stderr).toContain(
      `The source ${source} holds no response, but 2 files with other paths, such as telemetry/2025/${DEVICE_A}/1.json.`,
    );
    expect(none.stderr).toContain('telemetry/<deviceId>/*.json');
    writeResponses(workspace, 'in', { telemetry: { [DEVICE_A]: SERIES } });
    const { stdout } = await workspace.beltOk('land', '--source', source, '--json');
    expect(JSON.parse(stdout)).toMatchObject({
      documents: 1,
      passedOver: { files: 2, example: `telemetry/2025/${DEVICE_A}/1.json` },
    });
  });

  test('says what is wrong with a source, without a stack trace', async () => {
    const workspace = await createWorkspace(engine);
    const { code, stderr } = await workspace.belt('land', '--source', 'nowhere');
    expect(code).toBe(1);
    expect(stderr).toContain('The source nowhere does not exist.');
    expect(stderr).toContain('belt land --source DIR');
    expect(stderr).not.toMatch(/\n\s+at /);
  });
});
