import { describe, expect, test } from 'vitest';
import { writeProject } from '../support/project.js';
import { DEVICE_A, T0, writeResponses } from '../support/responses.js';
import { createWorkspace, ENGINES, type Workspace } from '../support/workspace.js';

/** Enough readings for several sessions: 40 devices of a day. */
const FLEET = [
  ...['--devices', '40', '--from', '2025-02-06', '--to', '2025-02-07', '--cadence', '5m'],
  ...['--series', 'all', '--faults', 'overlap=0.2,correct=0.1', '--out', 'fleet'],
];

const RESPONSES = "new_rows(source('raw', 'telemetry_response'))";

const PROJECT = {
  // each response once, whatever sessions take it
  'models/seen.sql': `{{ config(materialized='incremental', parallel_by='device_uuid',
      pre_hook="insert into public.hooks values ('before')",
      post_hook="insert into public.hooks values ('after')") }}
    select response_id, device_uuid from {{ ${RESPONSES} }} as response`,
  'models/sources.yml': `
sources: [{name: raw, schema: raw, tables: [{name: telemetry_response}]}]
models: [{name: seen}]
`,
};

const CONTENTS = `select
  (select md5(string_agg(t::text, ',' order by device_id, ts)) from battery_telemetry as t) as telemetry,
  (select md5(string_agg(l::text, ',' order by device_id)) from battery_latest as l) as latest,
  (select md5(string_agg(h::text, ',' order by device_id, bucket)) from battery_hourly as h) as hourly,
  (select count(*) - count(distinct (device_id, ts)) from battery_telemetry) as twice,
  (select count(*) from belt.model_piece) as pieces`;

describe.runIf(ENGINES.includes('server'))('transform by several sessions', () => {
  test('comes to the same tables as one session', async () => {
    const workspace = await landedFleet();
    const plan = await workspace.beltOk('plan', '--threads', '3');
    expect(plan.stdout).toMatch(/battery_telemetry .* in 3 pieces by 3 sessions/);
    await workspace.beltOk('transform', '--threads', '1');
    const [one] = await workspace.query(CONTENTS);
    expect(one).toMatchObject({ pieces: 0, twice: 0 });
    await workspace.beltOk('transform', '--threads', '3', '--full-refresh');
    expect(await workspace.query(CONTENTS)).toEqual([one]);
    expect(await workspace.query(CHUNKS)).toEqual([
      { rows_beside: 0, least: COMPRESSED, most: COMPRESSED },
    ]);

    // into the row store, as new batches go
    await workspace.execute('truncate battery_telemetry; delete from belt.model_batch');
    await workspace.beltOk('transform', '--threads', '3');
    expect(await workspace.query(CONTENTS)).toEqual([one]);
  });

  test('corrects rows that were written straight into the columnstore', async () => {
    const workspace = await landedFleet();
    await workspace.beltOk('transform');
    const [corrected] = await workspace.query<{ device: string; ms: number; rows: number }>(
      `select device_uuid as device, (extract(epoch from ts) * 1000)::float8 as ms,
        (select count(*)::int from battery_telemetry) as rows
      from battery_telemetry join device using (device_id) order by ts desc limit 1`,
    );
    const { device, ms, rows } = corrected as { device: string; ms: number; rows: number };
    const later = [ms + 1000, 12];
    const source = writeResponses(workspace, 'more', {
      telemetry: { [`${device}/more`]: { BatteryPowerW: [[ms, 11], later] } },
    });
    await workspace.beltOk('land', '--source', source);
    await workspace.beltOk('transform');
    expect(
      await workspace.query(
        `select battery_power_w, battery_import_wh is null as alone,
          (select count(*)::int from battery_telemetry) as rows
        from battery_telemetry join device using (device_id)
        where device_uuid = '${device}' and extract(epoch from ts) * 1000 >= ${ms} order by ts`,
      ),
    ).toEqual([
      { battery_power_w: 11, alone: false, rows: rows + 1 },
      { battery_power_w: 12, alone: true, rows: rows + 1 },
    ]);
  });

  test('a piece that fails leaves the others done, and the next run does what is left', async () => {
    const workspace = await landedFleet();
    const project = writeProject(workspace, PROJECT);
    const [device] = await workspace.query<{ uuid: string; landed: number }>(
      'select min(device_uuid::text) as uuid, count(*)::int as landed from raw.telemetry_response',
    );
    await workspace.execute(`create table public.hooks (at text);
      create table public.seen (response_id bigint, device_uuid uuid check (device_uuid <> '${device?.uuid}'))`);
    const transform = ['transform', '--project-dir', project];

    const failed = await workspace.belt(...transform, '--threads', '2');
    expect(failed.code).toBe(1);
    expect(failed.stderr).toContain('violates check constraint "seen_device_uuid_check"');
    expect(failed.stderr).toContain(
      'Done and kept: 1 of 2 pieces; the next run goes on with the others.',
    );
    const [kept] = await workspace.query<{ rows: number }>(SEEN);
    expect(kept?.rows).toBeGreaterThan(0);
    expect(kept?.rows).toBeLessThan(device?.landed ?? 0);

    const more = writeResponses(workspace, 'more', {
      telemetry: { [DEVICE_A]: { BatteryPowerW: [[T0, 1]] } },
    });
    await workspace.beltOk('land', '--source', more);
    await workspace.execute('alter table public.seen drop constraint seen_device_uuid_check');
    await workspace.beltOk(...transform, '--threads', '1');
    const all = (device?.landed ?? 0) + 1;
    expect(await workspace.query(SEEN)).toEqual([{ rows: all, responses: all, pieces: 0 }]);
    expect(await workspace.query('select at from public.hooks')).toEqual(
      ['before', 'before', 'after'].map((at) => ({ at })),
    );
    await workspace.beltOk(...transform);
    expect(await workspace.query(SEEN)).toEqual([{ rows: all, responses: all, pieces: 0 }]);
  });
});

test('tells what cannot be shared out', async () => {
  const workspace = await createWorkspace('embedded');
  const source = writeResponses(workspace, 'in', {
    telemetry: { [DEVICE_A]: { BatteryPowerW: [[T0, 1]] } },
  });
  await workspace.beltOk('land', '--source', source);
  const project = writeProject(workspace, {
    ...PROJECT,
    'models/seen.sql': `{{ config(materialized='incremental', parallel_by='site') }}
      select response_id from {{ ${RESPONSES} }} as response`,
  });
  const plan = await workspace.belt('plan', '--project-dir', project);
  expect(plan.code).toBe(1);
  expect(plan.stdout).toContain(
    'seen has parallel_by site, which "raw"."telemetry_response" of its new_rows() has not.',
  );
  workspace.write(
    'project/models/seen.sql',
    `{{ config(materialized='hypertable', main_dimension='ts', parallel_by='device_uuid',
        unique_key=['device_uuid', 'ts'], incremental_strategy='upsert',
        compression={'segmentby': ['device_uuid'], 'orderby': ['ts']}) }}
      select device_uuid, timestamptz '2026-01-01' as ts
      from {{ ${RESPONSES} }} as response cross join generate_series(1, 2)`,
  );
  const twice = await workspace.belt('transform', '--project-dir', project);
  expect(twice.stderr).toContain(
    `The model selects two rows with the key (${DEVICE_A}, 2026-01-01 00:00:00+00).`,
  );
  workspace.write(
    'project/models/seen.sql',
    `{{ config(materialized='incremental', parallel_by='n') }} select 1 as n`,
  );
  const { stderr } = await workspace.belt('transform', '--project-dir', project);
  expect(stderr).toContain('seen has parallel_by, but no new_rows()');
});

/** Rows of battery_telemetry that are not in the columnstore, and the statuses of its chunks. */
const CHUNKS = `select coalesce(sum(pg_relation_size(format('%I.%I', chunk.schema_name, chunk.table_name)::regclass)), 0)::int as rows_beside,
    min(chunk.status) as least, max(chunk.status) as most
  from _timescaledb_catalog.chunk as chunk
  join _timescaledb_catalog.hypertable as own on own.id = chunk.hypertable_id
  where own.table_name = 'battery_telemetry'`;

/** Of a chunk that is all compressed, and ordered: TimescaleDB's policy finds nothing to do. */
const COMPRESSED = 1;

const SEEN = `select count(*)::int as rows, count(distinct response_id)::int as responses,
  (select count(*)::int from belt.model_piece) as pieces from public.seen`;

async function landedFleet(): Promise<Workspace> {
  const workspace = await createWorkspace('server');
  await workspace.beltOk('simulate', ...FLEET);
  await workspace.beltOk('land', '--source', 'fleet');
  return workspace;
}
