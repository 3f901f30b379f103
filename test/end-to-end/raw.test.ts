import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { DAY, DEVICE_A, DEVICE_B, pairs, T0, writeResponses } from '../support/responses.js';
import { createWorkspace, ENGINES, type Engine, type Workspace } from '../support/workspace.js';

const MIDNIGHT = Math.floor(T0 / DAY) * DAY;
const iso = (time: number) => new Date(time).toISOString();

const window = (from: number, to: number) => [
  '--event-time-start',
  iso(MIDNIGHT + from * DAY),
  '--event-time-end',
  iso(MIDNIGHT + to * DAY),
];

/** Lands a day of two devices as a batch of its own; text with a line separator stays one line. */
async function landDay(workspace: Workspace, day: number, readings = 48): Promise<void> {
  const telemetry = Object.fromEntries(
    [DEVICE_A, DEVICE_B].map((device) => [
      `${device}/${day}`,
      {
        BatteryPowerW: pairs(
          MIDNIGHT + day * DAY,
          readings,
          DAY / readings,
          (index) => ((index * 7919) % 997) + day * 100,
        ),
        BatteryImportKwh: pairs(
          MIDNIGHT + day * DAY,
          readings,
          DAY / readings,
          (index) => index / 100,
        ),
      },
    ]),
  );
  const assets = [{ deviceId: DEVICE_A, description: `Day ${day}\u2028of Zonneveld`, state: 'Ok' }];
  const source = writeResponses(workspace, `day${day}`, { assets, telemetry });
  await workspace.beltOk('land', '--source', source);
}

/** Three days, a batch each, transformed. */
async function threeDays(engine: Engine): Promise<Workspace> {
  const workspace = await createWorkspace(engine);
  for (const day of [0, 1, 2]) await landDay(workspace, day);
  await workspace.beltOk('transform');
  return workspace;
}

/** Makes raw as old as if it had been landed some days earlier. */
const age = (workspace: Workspace, days: number) =>
  workspace.execute(
    `create table aged as select * from raw.telemetry_response;
    delete from raw.telemetry_response;
    update aged set landed_at = landed_at - interval '${days} days';
    insert into raw.telemetry_response select * from aged;
    drop table aged;
    update raw.asset_response set landed_at = landed_at - interval '${days} days';
    update raw.batch_content set landed_at = landed_at - interval '${days} days';
    update raw.batch set started_at = started_at - interval '${days} days'`,
  );

const RETENTION = ['--vars', '{raw_retention: 12 weeks}'];

/** Has the job of raw run that a transform has made, as if its time and that of a new retention had come. */
async function runLifeCycle(workspace: Workspace, engine: Engine): Promise<void> {
  const job =
    "(select job_id from timescaledb_information.jobs where proc_name = 'run_life_cycle')";
  await workspace.execute(
    `select alter_job(job_id, config => config || '{"retention_from": "2026-01-01T00:00:00Z"}')
      from timescaledb_information.jobs where proc_name = 'run_life_cycle'`,
  );
  if (engine === 'embedded') {
    await workspace.execute(
      `insert into belt.policy_run select ${job}, now() - interval '2 hours', 'success', null`,
    );
    await workspace.beltOk('transform', ...RETENTION);
    return;
  }
  const [{ id } = { id: 0 }] = await workspace.query<{ id: number }>(`select ${job} as id`);
  await workspace.execute(`call run_job(${id})`);
}

const rows = (workspace: Workspace) =>
  workspace.query('select * from battery_telemetry order by device_id, ts');
const raw = (workspace: Workspace) =>
  workspace.query(`select *, body::text as text from raw.telemetry_response order by response_id`);
const assets = (workspace: Workspace) =>
  workspace.query('select *, body::text as text from raw.asset_response order by response_id');

describe.each(ENGINES)('the life of raw on the %s engine', (engine) => {
  test('archives old raw, drops it, and brings it back as it was', async () => {
    const workspace = await threeDays(engine);
    await age(workspace, 40);
    const before = [await raw(workspace), await assets(workspace), await rows(workspace)];
    const archive = join(workspace.dir, 'archive');
    const archived = JSON.parse(
      (await workspace.beltOk('raw', 'archive', '--older-than', '30d', '--to', archive, '--json'))
        .stdout,
    );
    expect(archived).toMatchObject({
      documents: 9,
      readings: 6 * 96,
      dropped: true,
      unprocessed: [],
    });
    expect(archived.files).toHaveLength(2);
    expect(await raw(workspace)).toEqual([]);
    expect(await assets(workspace)).toEqual([]);
    expect(
      await workspace.query(
        `select batch_id, resource, documents, readings, dropped_by, dropped_at is not null as dropped
          from raw.batch_content order by 2, 1`,
      ),
    ).toEqual([
      ...[1, 2, 3].map((batch_id) => ({
        batch_id,
        resource: 'asset_response',
        documents: 1,
        readings: 0,
        dropped_by: 'archive',
        dropped: true,
      })),
      ...[1, 2, 3].map((batch_id) => ({
        batch_id,
        resource: 'telemetry_response',
        documents: 2,
        readings: 192,
        dropped_by: 'archive',
        dropped: true,
      })),
    ]);

    // what was dropped is still known: the same bytes are not landed once more
    const again = await workspace.beltOk('land', '--source', join(workspace.dir, 'day2'), '--json');
    expect(JSON.parse(again.stdout)).toMatchObject({ documents: 0, skipped: 3 });
    await workspace.beltOk('transform');
    expect(await rows(workspace)).toEqual(before[2]);

    const restored = JSON.parse(
      (await workspace.beltOk('land', '--source', archive, '--json')).stdout,
    );
    expect(restored).toMatchObject({ documents: 9, readings: 576, batches: 3, present: 0 });
    expect([await raw(workspace), await assets(workspace)]).toEqual(before.slice(0, 2));
    const plan = JSON.parse((await workspace.beltOk('plan', '--json', '--all')).stdout);
    expect(plan.filter(({ batches }: { batches: number }) => batches > 0)).toEqual([]);
    await workspace.beltOk('transform', ...window(0, 3));
    expect(await rows(workspace)).toEqual(before[2]);
    const twice = await workspace.beltOk('land', '--source', archive, '--json', '--threads', '3');
    expect(JSON.parse(twice.stdout)).toMatchObject({ documents: 0, present: 9 });
    expect(twice.stderr).toContain('with 1 session instead of 3: an archive is');
  });

  test('takes up an archive that was stopped, and keeps what no model has processed', async () => {
    const workspace = await threeDays(engine);
    await age(workspace, 40);
    const archive = join(workspace.dir, 'archive');
    const run = async (...flags: string[]) =>
      JSON.parse(
        (
          await workspace.beltOk(
            ...['raw', 'archive', '--older-than', '30d', '--to', archive, '--json', ...flags],
          )
        ).stdout,
      );
    expect(await run('--keep')).toMatchObject({ documents: 9, dropped: false });
    expect(await raw(workspace)).toHaveLength(6);
    // as if it had been killed before the index of the second file was written
    rmSync(join(archive, 'telemetry_response', indexName(archive)));
    writeFileSync(join(archive, 'telemetry_response', 'x.jsonl.br.partial'), 'half');
    const files = (await run()).files as { resource: string; was: boolean }[];
    expect(files.map(({ resource, was }) => [resource, was])).toEqual([
      ['asset_response', true],
      ['telemetry_response', false],
    ]);
    expect(await raw(workspace)).toEqual([]);

    await landDay(workspace, 3);
    await age(workspace, 40);
    const left = await run();
    expect(left).toMatchObject({ documents: 0, unprocessed: [{ batchId: '4' }] });
    expect(await raw(workspace)).toHaveLength(2);
  });

  test('refuses an archive that was changed, that of another database, and another folder', async () => {
    const workspace = await threeDays(engine);
    await age(workspace, 40);
    const archive = join(workspace.dir, 'archive');
    const command = ['raw', 'archive', '--older-than', '30d', '--to', archive];
    await workspace.beltOk(...command, '--keep');
    const folder = join(archive, 'telemetry_response');
    const data = join(folder, indexName(archive).replace('.index', ''));
    const bytes = readFileSync(data);
    writeFileSync(data, bytes.subarray(0, -1));
    const broken = await workspace.belt(...command);
    expect(broken.code).toBe(1);
    expect(broken.stderr).toContain('its checksum is another one');
    expect(await raw(workspace)).toHaveLength(6);
    expect((await workspace.belt('land', '--source', archive)).code).toBe(1);
    writeFileSync(data, bytes);

    const other = await createWorkspace(engine);
    await landDay(other, 1);
    const foreign = await other.belt('land', '--source', archive);
    expect(foreign.code).toBe(1);
    expect(foreign.stderr).toContain('another database');
    workspace.write('full/notes.txt', 'mine');
    const full = await workspace.belt(...command.slice(0, -1), join(workspace.dir, 'full'));
    expect(full.code).toBe(1);
    expect(full.stderr).toContain('not empty');
    expect(existsSync(join(workspace.dir, 'full/belt-archive.json'))).toBe(false);
  });

  test('moves old days into the columnstore, and drops what is past its time', async () => {
    const workspace = await threeDays(engine);
    await age(workspace, 100);
    await landDay(workspace, 3, 8640);
    await age(workspace, 10);
    const told = await workspace.beltOk('transform', ...RETENTION);
    expect(told.stderr).toContain(
      'Raw is kept for 12 weeks: 9 documents are older (9 are not archived)',
    );
    const before = [await raw(workspace), await rows(workspace)] as const;
    const status = async () =>
      JSON.parse((await workspace.beltOk('raw', 'status', '--json')).stdout).resources[1];
    expect(await status()).toMatchObject({
      documents: 8,
      readings: 34_560 + 576,
      columnstoreReadings: 0,
      nextDrop: { documents: 6, archivedDocuments: 0 },
    });

    await runLifeCycle(workspace, engine);
    expect(await raw(workspace)).toEqual(before[0].slice(6));
    expect(await status()).toMatchObject({
      documents: 2,
      columnstoreReadings: 34_560,
      missingDocuments: 6,
      missingUnarchived: 6,
      nextDrop: { documents: 2 },
    });
    expect(
      await workspace.query(
        'select batch_id, resource from raw.batch_content where dropped_by is null order by 2',
      ),
    ).toEqual(
      ['asset_response', 'telemetry_response'].map((resource) => ({ batch_id: 4, resource })),
    );
    const refused = await workspace.belt('transform', ...window(0, 1));
    expect(refused.stderr + refused.stdout).toContain('dropped by retention');
    // what is in the columnstore is read, skipped, archived and brought back as ever
    await workspace.beltOk('transform', ...window(3, 4));
    expect(await rows(workspace)).toEqual(before[1]);
    const again = await workspace.beltOk('land', '--source', join(workspace.dir, 'day3'), '--json');
    expect(JSON.parse(again.stdout)).toMatchObject({ documents: 0, skipped: 3 });
    await workspace.beltOk('transform');
    const archive = join(workspace.dir, 'archive');
    await workspace.beltOk('raw', 'archive', '--older-than', '1d', '--to', archive);
    expect(await raw(workspace)).toEqual([]);
    await workspace.beltOk('land', '--source', archive);
    expect(await raw(workspace)).toEqual(before[0].slice(6));
    expect(await status()).toMatchObject({ columnstoreReadings: 0, archives: [{ documents: 2 }] });
    const wrong = await workspace.belt('transform', '--vars', '{raw_retention: 90}');
    expect(wrong.stderr).toContain('The var raw_retention is 90, which is no age.');
  }, 240_000);

  test('makes a new database of an archive', async () => {
    const workspace = await threeDays(engine);
    await age(workspace, 40);
    const archive = join(workspace.dir, 'archive');
    await workspace.beltOk('raw', 'archive', '--older-than', '30d', '--to', archive);
    const fresh = await createWorkspace(engine);
    await fresh.beltOk('land', '--source', archive);
    await fresh.beltOk('transform');
    expect(await rows(fresh)).toEqual(await rows(workspace));
    await landDay(fresh, 7);
    expect(
      await fresh.query(
        'select max(batch_id) as batch, max(response_id) > 9 as later from raw.telemetry_response',
      ),
    ).toEqual([{ batch: 4, later: true }]);
  });
});

function indexName(archive: string): string {
  const found = readdirSync(join(archive, 'telemetry_response')).find((name) =>
    name.endsWith('.index.jsonl.br'),
  );
  if (found === undefined) throw new Error(`${archive} holds no index of telemetry`);
  return found;
}
