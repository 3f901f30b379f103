import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Files, faultsOf } from '../project/temp-project.js';

const CATALOG = 'models/seeds/metric_catalog.csv';

const MODELS: Files = Object.fromEntries(
  readdirSync('models', { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.\w+$/.test(path))
    .map((path) => [join('models', path), readFileSync(join('models', path), 'utf8')]),
);

/** What belt says of the bundled models with one change in the metric catalogue. */
function faultsWith(before: string | RegExp, after: string): string[] {
  const text = MODELS[CATALOG] ?? '';
  const changed = text.replace(before, after);
  expect(changed).not.toBe(text);
  return faultsOf({ ...MODELS, [CATALOG]: changed });
}

describe('the metric catalogue', () => {
  it('has no fault as it is shipped', () => {
    expect(faultsOf(MODELS)).toEqual([]);
  });

  it.each([
    [/^3,/m, '2,', '4: metric_id 2 of GeneratedPowerW is that of BatteryPowerW already.'],
    [
      ',GeneratedPowerW,',
      ',BatteryPowerW,',
      '4: vendor_series BatteryPowerW of generated_power_w is that of battery_power_w already.',
    ],
    [
      ',generated_power_w,',
      ',battery_power_w,',
      '4: column_name battery_power_w of GeneratedPowerW is that of BatteryPowerW already.',
    ],
  ])('mixes no two series: %s', (before, after, fault) => {
    expect(faultsWith(before, after)).toEqual([`${CATALOG}:${fault}`]);
  });

  it.each([
    [/^4,/m, 'four,', '5: metric_id four is no number.'],
    [/^4,/m, '4.5,', '5: metric_id 4.5 is no whole number from 1 to 32767.'],
    [/^4,/m, '32768,', '5: metric_id 32768 is no whole number from 1 to 32767.'],
    [/^4,/m, '04,', '5: metric_id 04 is no whole number from 1 to 32767.'],
    [',power_setpoint_w,', ',Power-W,', '5: column_name Power-W has P in it'],
    [',power_setpoint_w,', ',bucket,', '5: column_name bucket is taken'],
    [',power_setpoint_w,integer,', ',power_setpoint_w,text,', '5: column_type text is none of'],
    [/(power_setpoint_w,.*),gauge/, '$1,gague', '5: kind gague is none of gauge, counter.'],
    [/(power_setpoint_w,integer,W),1,/, '$1,0,', '5: scale 0 would make nothing of every reading.'],
    [/(power_setpoint_w,integer),W,/, '$1,,', '5: unit is empty.'],
    [',gauge,0,100,', ',gauge,100,0,', '2: range_min 100 is not below range_max 0.'],
    [
      ',power_setpoint_w,integer,',
      ',power_setpoint_w,smallint,',
      '5: values up to range_max times scale do not fit into smallint',
    ],
  ])('has lines that a column can be made of: %s to %s', (before, after, fault) => {
    expect(faultsWith(before, after)).toEqual([
      expect.stringContaining(`${CATALOG}:${fault}`) as string,
    ]);
  });
});
