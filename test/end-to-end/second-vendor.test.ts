import { spawn } from 'node:child_process';
import { cpSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { writeProject } from '../support/project.js';
import { DAY, DEVICE_A, DEVICE_B, HOUR, pairs, T0, writeResponses } from '../support/responses.js';
import { createWorkspace, ENGINES, type Workspace } from '../support/workspace.js';

const RESOURCE = {
  name: 'measurements',
  paths: ['measurements/<deviceId>.json', 'measurements/<deviceId>/*.json'],
  table: 'measurement_response',
  shape: { kind: 'series of points', list: 'channels', name: 'id', points: 'rows' },
};

const MIGRATION = `create table raw.measurement_response (like raw.telemetry_response including all);
  select raw.by_landing_time('raw.measurement_response');
  create view raw.landed_measurement_response as select * from raw.measurement_response
    where batch_id in (select batch_id from raw.batch where status = 'landed');`;

const PROJECT = {
  'models/staging.yml': `
version: 2
sources:
  - name: raw
    tables: [{name: measurement_response}, {name: telemetry_response}]
`,
  'models/stg_measurement.sql': `{{ config(materialized='view') }}
select response.response_id, response.batch_id, response.device_uuid,
  channel ->> 'id' as channel,
  to_timestamp((element ->> 0)::double precision / 1000) as ts, (element ->> 1)::double precision as value
from {{ source('raw', 'measurement_response') }} as response
cross join lateral jsonb_array_elements(response.body -> 'channels') as channel
cross join lateral jsonb_array_elements(channel -> 'rows') as element`,
  'models/measurement.sql': `{{ config(
    materialized='hypertable', main_dimension='ts', unique_key=['device_uuid', 'channel', 'ts'],
    incremental_strategy='upsert', chunk_time_interval='1 day') }}
select distinct on (device_uuid, channel, ts) device_uuid, channel, ts, value
from {{ new_rows(ref('stg_measurement')) }} as measurement
order by device_uuid, channel, ts, response_id desc`,
  'models/measurement_daily.sql': `{{ config(materialized='continuous_aggregate') }}
select time_bucket('1 day', ts) as bucket, count(*) as n, sum(value) as total
from {{ ref('measurement') }} group by 1`,
};

/** A copy of belt with one more resource, added as README says: its entry, and its migration. */
function beltWithResource(workspace: Workspace) {
  const dir = join(workspace.dir, 'belt');
  for (const part of ['dist', 'sql', 'src/project/dbt-macros', 'package.json'])
    cpSync(part, join(dir, part), { recursive: true });
  symlinkSync(resolve('node_modules'), join(dir, 'node_modules'));
  writeFileSync(join(dir, 'sql/0999_measurement_response.sql'), MIGRATION);
  const table = join(dir, 'dist/raw/resources.js');
  cpSync(table, join(dir, 'dist/raw/own-resources.js'));
  writeFileSync(
    table,
    `import { RESOURCES as OWN } from './own-resources.js';
    export const RESOURCES = [...OWN, ${JSON.stringify(RESOURCE)}];`,
  );
  return async (...parameters: string[]) => {
    const child = spawn(process.execPath, [join(dir, 'dist/cli.js'), ...parameters], {
      cwd: workspace.dir,
      env: { ...process.env, DATABASE_URL: workspace.url },
    });
    const closed = new Promise<number | null>((done) => child.on('close', done));
    const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
    const code = await closed;
    if (code !== 0) throw new Error(`belt ${parameters.join(' ')} ended with ${code}:\n${stderr}`);
    return JSON.parse(stdout);
  };
}

function measurements(channels: Readonly<Record<string, readonly unknown[]>>): string {
  return JSON.stringify({
    channels: Object.entries(channels).map(([id, rows]) => ({ id, rows })),
  });
}

describe.each(ENGINES)('a second vendor on the %s engine', (engine) => {
  test('is landed, transformed, refreshed, rebuilt and counted by its entry in the table of resources', async () => {
    const workspace = await createWorkspace(engine);
    const belt = beltWithResource(workspace);
    const project = ['--project-dir', writeProject(workspace, PROJECT)];
    const query = (sql: string) => belt('query', sql, '--format', 'json');
    const transform = async (...parameters: string[]) => {
      const { results } = await belt('transform', ...project, ...parameters, '--json');
      return Object.fromEntries(
        results.map((result: { name: string; message: string }) => [result.name, result.message]),
      );
    };
    const source = writeResponses(workspace, 'in', {
      telemetry: { [DEVICE_A]: { BatteryPowerW: pairs(T0, 10, HOUR, () => 1) } },
    });
    workspace.write(
      `in/measurements/${DEVICE_B}.json`,
      measurements({ soc: pairs(T0, 4, DAY, (day) => day), power: pairs(T0, 1, HOUR, () => 7) }),
    );

    expect(await belt('land', '--source', source, '--json')).toMatchObject({
      documents: 2,
      readings: 15,
      rejected: [],
    });
    const [raw] = await query(
      'select device_uuid, readings, ordered, jsonb_array_length(profile) as series from raw.measurement_response',
    );
    expect(raw).toEqual({ device_uuid: DEVICE_B, readings: 5, ordered: true, series: 2 });

    const planned = (await belt('plan', ...project, '--json')).find(
      (node: { name: string }) => node.name === 'measurement',
    );
    expect(planned).toMatchObject({ readings: 15 });
    await transform();
    const days = () =>
      query('select bucket::date::text as day, n, total from measurement_daily order by 1');
    const filled = [
      { day: '2025-02-06', n: 2, total: 7 },
      { day: '2025-02-07', n: 1, total: 1 },
      { day: '2025-02-08', n: 1, total: 2 },
      { day: '2025-02-09', n: 1, total: 3 },
    ];
    expect(await days()).toEqual(filled);

    // a correction that comes later is processed once, and refreshes the day that it touches
    workspace.write(`in/measurements/${DEVICE_B}/2.json`, measurements({ soc: [[T0 + DAY, 100]] }));
    expect(await belt('land', '--source', source, '--json')).toMatchObject({
      documents: 1,
      skipped: 2,
    });
    expect(await transform()).toMatchObject({ measurement: expect.stringMatching(/ 1$/) });
    const corrected = filled.map((row) =>
      row.day === '2025-02-07' ? { ...row, total: 100 } : row,
    );
    expect(await days()).toEqual(corrected);

    // a window is rebuilt from its raw
    workspace.write(
      'project/models/measurement.sql',
      PROJECT['models/measurement.sql'].replace('ts, value\n', 'ts, -value as value\n'),
    );
    expect(
      await transform('--event-time-start', '2025-02-08', '--event-time-end', '2025-02-09'),
    ).toMatchObject({ measurement: expect.stringMatching(/^REPROCESS 1 in 1 batch/) });
    expect(await days()).toEqual(
      corrected.map((row) => (row.day === '2025-02-08' ? { ...row, total: -2 } : row)),
    );

    const { landed } = await belt('status', '--json');
    const [{ bytes }] = await query(
      `select sum(coalesce(hypertable_size(name::regclass), pg_total_relation_size(name::regclass)))::bigint as bytes
        from unnest(array['raw.asset_response', 'raw.telemetry_response', 'raw.measurement_response']) as name`,
    );
    expect(landed.storedBytes).toBe(Number(bytes));
  });

  test('that was not added is told, and not noted as processed', async () => {
    const workspace = await createWorkspace(engine);
    const project = writeProject(workspace, PROJECT);
    const { code, stderr } = await workspace.belt('transform', '--project-dir', project);
    expect(code).toBe(1);
    expect(stderr).toContain('models/measurement.sql: measurement asks for new_rows() of');
    expect(stderr).toContain('Read raw.asset_response, raw.telemetry_response or a view over it');
    expect(await workspace.query('select from belt.model_batch')).toEqual([]);
  });
});
