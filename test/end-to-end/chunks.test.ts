import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { copyModels } from '../support/project.js';
import { DAY, DEVICE_A, DEVICE_B, pairs, T0, writeResponses } from '../support/responses.js';
import { createWorkspace, ENGINES } from '../support/workspace.js';

/** 2025-02-06T00:00Z; a chunk of 30 days ends on the 11th. */
const MIDNIGHT = Math.floor(T0 / DAY) * DAY;
const DAYS = 8;

describe.each(ENGINES)('chunks on the %s engine', (engine) => {
  test('are as wide as told, or as fits what arrives; small ones are merged, and stay in the row store', async () => {
    const workspace = await createWorkspace(engine);
    const project = copyModels(workspace);
    const model = join(project, 'models/telemetry/battery_telemetry.sql');
    const auto = readFileSync(model, 'utf8');
    const fixed = auto.replace("chunk_time_interval='auto'", "chunk_time_interval='1 day'");
    expect(fixed).not.toBe(auto);
    writeFileSync(model, fixed);
    const telemetry = Object.fromEntries(
      [DEVICE_A, DEVICE_B].map((device) => [
        device,
        { BatteryPowerW: pairs(MIDNIGHT, DAYS * 288, DAY / 288, (index) => (index * 7919) % 5000) },
      ]),
    );
    await workspace.beltOk('land', '--source', writeResponses(workspace, 'in', { telemetry }));
    const transform = async (...flags: string[]) => {
      const { stdout } = await workspace.beltOk(
        ...['transform', '--project-dir', project, '--select', 'battery_telemetry+', '--json'],
        ...flags,
      );
      return JSON.parse(stdout).results.find(
        ({ name }: { name: string }) => name === 'battery_telemetry',
      ).message as string;
    };
    await workspace.beltOk('transform', '--project-dir', project);
    const chunks = () =>
      workspace.query(
        `select range_start::date::text as day, (range_end - range_start)::text as width, is_compressed
          from timescaledb_information.chunks where hypertable_name = 'battery_telemetry' order by 1`,
      );
    const rows = () => workspace.query('select * from battery_telemetry order by device_id, ts');
    const days = await chunks();
    expect(days).toHaveLength(DAYS);
    const before = await rows();
    await workspace.execute(
      "select compress_chunk(chunk, true) from show_chunks('battery_telemetry') as chunk",
    );
    await workspace.execute(
      `select compress_chunk(chunk, true) from timescaledb_information.continuous_aggregates
        cross join show_chunks(format('%I.%I', materialization_hypertable_schema, materialization_hypertable_name)::regclass) as chunk
        where view_name = 'battery_daily'`,
    );
    expect(await transform()).toBe('UPSERT 0');
    // a chunk of some rows was seen to take more in the columnstore
    const status = JSON.parse((await workspace.beltOk('status', '--json')).stdout);
    expect(status.tooSmall).toContain('battery_daily');
    writeFileSync(model, auto);
    expect(await transform()).toBe(
      'UPSERT 0, chunks of 30 days from now on, merged 5 small chunks',
    );
    expect(await chunks()).toEqual([
      { day: '2025-02-06', width: '5 days', is_compressed: true },
      ...[11, 12, 13].map((day) => ({
        ...{ day: `2025-02-${day}`, width: '1 day' },
        is_compressed: true,
      })),
    ]);
    expect(await rows()).toEqual(before);
    expect(await transform()).toBe('UPSERT 0');

    // a window is cut at the bounds of chunks, however wide they are
    const window = [
      ...['--event-time-start', new Date(MIDNIGHT + DAY).toISOString()],
      ...['--event-time-end', new Date(MIDNIGHT + 6 * DAY).toISOString()],
    ];
    expect(await transform(...window)).toMatch(/^REPROCESS 0/);
    expect(await rows()).toEqual(before);
    await transform('--full-refresh');
    expect(await chunks()).toMatchObject([
      { day: '2025-01-12', width: '30 days' },
      { day: '2025-02-11', width: '30 days' },
    ]);
    expect(await rows()).toEqual(before);
  }, 240_000);
});
