import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Files, faultsOf } from '../project/temp-project.js';

const RULES = 'models/seeds/alert_rule.csv';

const MODELS: Files = Object.fromEntries(
  readdirSync('models', { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.\w+$/.test(path))
    .map((path) => [join('models', path), readFileSync(join('models', path), 'utf8')]),
);

const LOW = 'low,below,state_of_charge_percent,,20,22,0,0,warning,all,true';

/** What belt says of the bundled models with these lines as their rules. */
function faultsWith(...lines: string[]): string[] {
  const [header = ''] = (MODELS[RULES] ?? '').split('\n');
  return faultsOf({ ...MODELS, [RULES]: [header, ...lines, ''].join('\n') });
}

describe('the rules of alerts', () => {
  it('may be none, or of any kind', () => {
    expect(faultsWith()).toEqual([]);
    expect(
      faultsWith(
        LOW,
        LOW.replace('20,22', '30,').replace('all', 'Havenkade*'),
        LOW.replace('all,true', 'b8db30a9-1d3b-4948-96a8-721ea6da1cab,false'),
        'hot,above,battery_power_w,,5,,60,60,info,all,true',
        'reset,counter_backwards,battery_import_wh,,100,0,0,60,warning,all,true',
      ),
    ).toEqual([]);
  });

  it.each([
    ['low', 'Low', '3: rule Low has L in it'],
    ['below', 'under', '3: kind under is none of below, above'],
    ['state_of_charge_percent,,', ',,', '3: metric is empty, which below needs.'],
    ['state_of_charge_percent,,', 'charge,,', '3: metric charge is no column_name of'],
    [
      'percent,,',
      'percent,battery_power_w,',
      '3: reference_metric is battery_power_w: deviates needs',
    ],
    ['20,22', 'twenty,22', '3: threshold twenty is no number.'],
    ['20,22', ',22', '3: threshold is empty, which below needs.'],
    [
      '20,22',
      '20,19',
      '3: clear_threshold 19 is below threshold 20: it would clear where it fires.',
    ],
    [',0,0,', ',-1,0,', '3: for_seconds -1 is below 0.'],
    ['warning', 'urgent', '3: severity urgent is none of info, warning, critical.'],
    ['true', 'yes', '3: enabled yes is neither true nor false.'],
    ['all', 'b8db30a9-1d3b-4948-96a8-721ea6da1cab Zonneveld', '3: devices b8db30a9'],
    [
      'below,state_of_charge_percent,,20,22',
      'stale,,,900,22',
      '3: clear_threshold is of no use to stale',
    ],
    [
      'below,state_of_charge_percent',
      'stale,state_of_charge_percent',
      '3: metric state_of_charge_percent is of no use to stale',
    ],
  ])('are told what is wrong with a line: %s to %s', (before, after, fault) => {
    const changed = LOW.replace('low', 'other').replace(before === 'low' ? 'other' : before, after);
    expect(faultsWith(LOW, changed)).toEqual([expect.stringContaining(`${RULES}:${fault}`)]);
  });

  it('are the same but for their devices in all lines of a rule', () => {
    expect(faultsWith(LOW, LOW.replace('below', 'above').replace('20,22', '20,19'))).toEqual([
      expect.stringContaining(`${RULES}:3: kind of low is below in its first line, and above here`),
    ]);
  });
});
