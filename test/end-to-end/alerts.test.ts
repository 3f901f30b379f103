import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { copyModels } from '../support/project.js';
import {
  type Asset,
  DEVICE_A,
  DEVICE_B,
  DEVICE_C,
  HOUR,
  type Series,
  T0,
  writeResponses,
} from '../support/responses.js';
import { createWorkspace, ENGINES, type Workspace } from '../support/workspace.js';

const MINUTE = 60_000;

const ASSETS: readonly Asset[] = [
  { deviceId: DEVICE_A, description: 'Zonneveld', state: 'Ok' },
  { deviceId: DEVICE_B, description: 'Havenkade', state: 'Ok' },
  { deviceId: DEVICE_C, description: 'Havenkade Oost', state: 'Ok' },
];

const charge = (...readings: readonly (readonly [number, number])[]): Series => ({
  StateOfChargePercentage: readings,
});

interface Setting {
  readonly workspace: Workspace;
  /** Puts another text into a file of the models. */
  edit(file: string, before: string, after: string): void;
  land(set: { assets?: readonly Asset[]; telemetry?: Record<string, Series> }): Promise<void>;
  transform(...options: string[]): Promise<void>;
  alerts(): Promise<string[]>;
}

async function createSetting(engine: (typeof ENGINES)[number]): Promise<Setting> {
  const workspace = await createWorkspace(engine);
  const project = copyModels(workspace);
  let sets = 0;
  return {
    workspace,
    edit: (file, before, after) => {
      const path = join(project, 'models', file);
      const text = readFileSync(path, 'utf8');
      expect(text).toContain(before);
      writeFileSync(path, text.replace(before, after));
    },
    land: async (set) => {
      const source = writeResponses(workspace, `in-${sets++}`, set);
      await workspace.beltOk('land', '--source', source);
    },
    transform: async (...options) => {
      await workspace.beltOk('transform', '--project-dir', project, ...options);
    },
    alerts: async () => {
      const rows = await workspace.query<{ told: string }>(
        "select concat_ws(' ', site, rule, value) as told from battery_alert where rule <> 'telemetry_stale' order by 1",
      );
      return rows.map(({ told }) => told);
    },
  };
}

describe.each(ENGINES)('alerts on the %s engine', (engine) => {
  test('follow the clock without a new batch, and what the vendor lists', async () => {
    const { workspace, edit, land, transform, alerts } = await createSetting(engine);
    edit('seeds/alert_rule.csv', 'missing,,,,,3600,', 'missing,,,,,0,');
    const now = Date.now();
    await land({
      assets: ASSETS,
      telemetry: {
        // one minute ago it was low; in an hour, its clock says, it is not
        [DEVICE_A]: charge([now - MINUTE, 11], [now + 6 * MINUTE, 15], [now + HOUR, 80]),
        [DEVICE_B]: charge([now - 20 * MINUTE, 50]),
        [DEVICE_C]: charge([now - MINUTE, 5]),
      },
    });
    await transform();
    const latest = () =>
      workspace.query(
        `select description as site, state_of_charge_percent as charge
          from battery_latest join asset using (device_id) order by 1`,
      );
    const [B, C] = [
      { site: 'Havenkade', charge: 50 },
      { site: 'Havenkade Oost', charge: 5 },
    ];
    expect(await latest()).toEqual([B, C, { site: 'Zonneveld', charge: 11 }]);
    const ahead = 'Zonneveld clock_ahead';
    expect(await alerts()).toEqual([
      'Havenkade Oost state_of_charge_critical 5',
      'Havenkade Oost state_of_charge_low 5',
      expect.stringContaining(ahead),
      'Zonneveld state_of_charge_low 11',
    ]);
    expect(
      await workspace.query("select site, stale from battery_alert where rule = 'telemetry_stale'"),
    ).toEqual([{ site: 'Havenkade', stale: true }]);

    // as if time went on: the views alone are told that more is due
    const views = ['--select', 'battery_latest', 'alert_event', 'battery_alert'];
    await transform(...views, '--vars', '{clock_tolerance: 10 minutes}');
    expect(await latest()).toEqual([B, C, { site: 'Zonneveld', charge: 15 }]);
    expect(await alerts()).toContain('Zonneveld state_of_charge_low 15');
    await transform(...views, '--vars', '{clock_tolerance: 2 hours}');
    expect(await latest()).toEqual([B, C, { site: 'Zonneveld', charge: 80 }]);
    expect(await alerts()).not.toContainEqual(expect.stringContaining('Zonneveld state'));
    await transform(...views);

    // one that is not listed any more has one alert, until it is listed again
    await land({ assets: ASSETS.slice(0, 2) });
    await transform();
    expect((await alerts()).slice(0, 2)).toEqual([
      'Havenkade Oost asset_not_listed',
      expect.stringContaining(ahead),
    ]);
    expect(
      await workspace.query(
        `select rule, closed_at from alert_event where site = 'Havenkade Oost' order by 1`,
      ),
    ).toEqual([
      { rule: 'asset_not_listed', closed_at: null },
      { rule: 'state_of_charge_critical', closed_at: null },
      { rule: 'state_of_charge_low', closed_at: null },
    ]);
    await land({ assets: [...ASSETS].reverse() });
    await transform();
    expect((await alerts()).slice(0, 2)).toEqual([
      'Havenkade Oost state_of_charge_critical 5',
      'Havenkade Oost state_of_charge_low 5',
    ]);
  });

  test('are known to somebody, by device and site', async () => {
    const { workspace, land, transform } = await createSetting(engine);
    expect(await workspace.belt('alerts')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('Run `belt transform` first.'),
    });
    await land({
      assets: ASSETS,
      telemetry: {
        [DEVICE_B]: charge([Date.now(), 12]),
        [DEVICE_C]: charge([Date.now(), 12]),
      },
    });
    await transform();
    const known = async () =>
      (await workspace.query(
        'select site from battery_alert where acknowledged_until > now() order by 1',
      )) as unknown[];
    const exitCode = async () => (await workspace.belt('alerts', '--exit-code')).code;
    expect(await exitCode()).toBe(1);
    await workspace.beltOk('alerts', 'mute', DEVICE_B, 'state_of_charge_low', '--for', '4h');
    expect(await known()).toEqual([{ site: 'Havenkade' }]);
    expect(await exitCode()).toBe(1);
    const { stdout } = await workspace.beltOk('alerts', 'mute', 'haven*', '*', '--for', '2d');
    expect(stdout).toMatch(/^All alerts of 2 devices are known of until /);
    expect(await known()).toHaveLength(2);
    expect(await exitCode()).toBe(0);
    const [alert] = JSON.parse((await workspace.beltOk('alerts', '--json')).stdout);
    expect(alert).toMatchObject({ site: 'Havenkade', rule: 'state_of_charge_low', value: 12 });
    await workspace.beltOk('alerts', 'unmute', 'Havenkade Oost');
    expect(await known()).toEqual([{ site: 'Havenkade' }]);
    for (const [target, rule, fault] of [
      ['Havnkade', '*', 'There is no device or site "Havnkade" (did you mean Havenkade?).'],
      ['Havenkade', 'low', 'There is no rule "low"'],
    ] as const) {
      const { code, stderr } = await workspace.belt('alerts', 'mute', target, rule, '--for', '1h');
      expect(code).toBe(2);
      expect(stderr).toContain(fault);
    }
  });

  test('follow what a window takes away, also one that did not take them along', async () => {
    const { workspace, edit, land, transform } = await createSetting(engine);
    const at = (minutes: number) => T0 + minutes * MINUTE;
    await land({ telemetry: { [DEVICE_A]: charge([at(0), 30], [at(1), 40], [at(2), 2]) } });
    await transform();
    const state = async () =>
      workspace.query(
        `select state_of_charge_percent as charge, (extract(epoch from read_at) * 1000)::bigint as at,
          (select string_agg(concat_ws(' ', rule, revision, withdrawn_at is null), ', ' order by rule)
            from alert_event where rule <> 'telemetry_stale') as alerts
          from battery_latest`,
      );
    expect(await state()).toEqual([
      { charge: 2, at: at(2), alerts: 'state_of_charge_critical t, state_of_charge_low t' },
    ]);
    edit('seeds/metric_catalog.csv', 'gauge,0,100,', 'gauge,3,100,');
    const window = ['--event-time-start', new Date(at(0)).toISOString()];
    window.push('--event-time-end', new Date(at(60)).toISOString());
    await transform();
    await transform(...window, '--select', 'battery_telemetry');
    expect(await state()).toMatchObject([{ charge: 2 }]);
    await transform();
    const withdrawn = 'state_of_charge_critical withdrawn f, state_of_charge_low withdrawn f';
    expect(await state()).toEqual([{ charge: 40, at: at(1), alerts: withdrawn }]);

    // a late reading opens an alert in the past, and says so
    await land({ telemetry: { [`${DEVICE_A}/late`]: charge([at(0) + 1000, 19]) } });
    await transform();
    expect(
      await workspace.query(
        `select rule, revision, closed_at = timestamptz '${new Date(at(1)).toISOString()}' as closed
          from alert_event where withdrawn_at is null and rule <> 'telemetry_stale'`,
      ),
    ).toEqual([{ rule: 'state_of_charge_low', revision: 'opened', closed: true }]);
    await transform('--full-refresh');
    expect(await state()).toEqual([{ charge: 40, at: at(1), alerts: 'state_of_charge_low t' }]);
  });
});
