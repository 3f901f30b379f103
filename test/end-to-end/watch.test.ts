import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { LogEvent } from '../support/processes.js';
import { copyModels } from '../support/project.js';
import { DEVICE_A, DEVICE_B, T0, telemetryJson, writeResponses } from '../support/responses.js';
import { putResponse, startWatch } from '../support/watch.js';
import { createWorkspace, ENGINES } from '../support/workspace.js';

const SOC = 'StateOfChargePercentage';
const HALF_A_RESPONSE = '{"series":[{"name":"StateOfCharge';

/** A response of one reading of a state of charge, each value at a time of its own. */
function chargeOf(value: number) {
  return { [SOC]: [[T0 + value, value]] };
}

const LATEST = `select device_uuid, state_of_charge_percent::int as value
  from battery_latest join device using (device_id) order by 2`;

describe.each(ENGINES)('belt watch on the %s engine', (engine) => {
  test('lands and transforms what comes, and tells of it', async () => {
    const workspace = await createWorkspace(engine, { direct: true });
    const source = writeResponses(workspace, 'source', { telemetry: { [DEVICE_A]: {} } });
    workspace.write('source/telemetry/broken.json', '{"series":');
    // only a change that the system tells of can be meant by what follows
    const watching = await startWatch(workspace, '--source', 'source', '--every', '1h');
    await watching.next('transformed');
    await putResponse(source, DEVICE_A, chargeOf(50));
    const hasDocument = ({ documents }: LogEvent) => documents === 1;
    expect(await watching.next('landed', hasDocument)).toMatchObject({ readings: 1 });
    await watching.next('transformed');
    expect(await watching.query(LATEST)).toEqual([{ device_uuid: DEVICE_A, value: 50 }]);

    // a response that is written in place is seen half, and no reject is made of it
    await writeFile(join(source, 'telemetry', `${DEVICE_B}.json`), HALF_A_RESPONSE);
    await putResponse(source, DEVICE_A, chargeOf(60));
    await watching.next('landed', hasDocument);
    await writeFile(
      join(source, 'telemetry', `${DEVICE_B}.json`),
      telemetryJson({ [SOC]: [[T0, 70]] }),
    );
    await watching.next('landed', hasDocument);
    await watching.next('transformed');
    expect(await watching.query(LATEST)).toEqual([
      { device_uuid: DEVICE_A, value: 60 },
      { device_uuid: DEVICE_B, value: 70 },
    ]);
    expect(await watching.query('select resource_path from raw.rejected_response')).toEqual([
      { resource_path: 'telemetry/broken.json' },
    ]);

    const health = await watching.get('/healthz');
    expect(health).toMatchObject({ status: 200, text: '{"status":"ok","faults":[]}\n' });
    const metrics = await watching.get('/metrics');
    expect(metrics.type).toMatch(/^application\/openmetrics-text; version=1.0.0/);
    for (const line of [
      'belt_documents_total 4',
      'belt_readings_total 3',
      'belt_rejects_total{reason="truncated"} 1',
      'belt_lag_seconds 0',
    ]) {
      expect(metrics.text.split('\n')).toContain(line);
    }
    expect(metrics.text).toMatch(/^belt_model_seconds_total\{model="battery_latest"\} \d/m);
    expect(metrics.text).toMatch(/# EOF\n$/);

    const second = await workspace.belt('watch', '--source', 'source');
    expect(second.code).toBe(1);
    expect(second.stderr).toContain(`process ${watching.child.pid}`);
    expect(await watching.stop('SIGTERM')).toBe(0);
  });

  test('tells a fault once, and when it is over', async () => {
    const workspace = await createWorkspace(engine, { direct: true });
    const project = copyModels(workspace);
    const parameters = ['--source', 'source', '--project-dir', project, '--every', '1s'];
    const watching = await startWatch(workspace, ...parameters);
    expect(await watching.next('fault')).toMatchObject({
      step: 'land',
      message: expect.stringContaining('source does not exist'),
    });
    expect(await watching.get('/healthz')).toMatchObject({
      status: 503,
      text: expect.stringContaining('source does not exist'),
    });
    writeResponses(workspace, 'source', { telemetry: { [DEVICE_A]: { [SOC]: [[T0, 50]] } } });
    expect(await watching.next('fault_over')).toMatchObject({ step: 'land' });
    await watching.next('transformed');

    workspace.write('project/models/late.sql', "select 1 as one from {{ ref('no_model') }}");
    expect(await watching.next('fault')).toMatchObject({
      step: 'project',
      message: expect.stringContaining('no_model'),
    });
    await putResponse(join(workspace.dir, 'source'), DEVICE_A, chargeOf(60));
    await watching.next('transformed');
    workspace.write('project/models/late.sql', 'select 1 as one');
    expect(await watching.next('fault_over')).toMatchObject({ step: 'project' });
    await watching.next('transformed');
    expect(await watching.query('select one from late')).toEqual([{ one: 1 }]);
    expect(await watching.stop('SIGINT')).toBe(130);
    const faults = watching.events.filter(({ event }) => event === 'fault');
    expect(faults.map(({ step }) => step)).toEqual(['land', 'project']);
    expect(await workspace.query('select count(*)::int as batches from raw.batch')).toEqual([
      { batches: 2 },
    ]);
  });
});

test('belt watch says what is wrong with its flags, and with an address that is taken', async () => {
  const workspace = await createWorkspace('embedded', { direct: true });
  const wrong = await workspace.belt('watch', '--every', '10');
  expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining('10s') });
  const address = await workspace.belt('watch', '--listen', 'somewhere');
  expect(address).toMatchObject({ code: 2, stderr: expect.stringContaining('127.0.0.1:9464') });
  const other = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => other.once('listening', resolve));
  const { port } = other.address() as { port: number };
  const taken = await workspace.belt('watch', '--port', '0', '--listen', `127.0.0.1:${port}`);
  other.close();
  expect(taken).toMatchObject({ code: 1, stderr: expect.stringContaining('listens there') });
});
