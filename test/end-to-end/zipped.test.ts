import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DEVICE_A, DEVICE_B, T0 } from '../support/responses.js';
import { createWorkspace, ENGINES, type Workspace } from '../support/workspace.js';

const STEP = 4000;

/** Numerals: some that no double holds, some that are in the range of no series. */
const numeral = fc.oneof(
  { weight: 12, arbitrary: fc.integer({ min: 0, max: 100 }).map(String) },
  { weight: 2, arbitrary: fc.integer({ min: 0, max: 100_000 }).map((n) => `${n / 1000}`) },
  fc.constantFrom('-1', '101', '1e300', '5e1', '0.5', '1.5', '2.5', '-0', '49.9999999999999'),
);
const odd = fc.constantFrom('null', '"7"', '1e-400', '12.34567890123456789', 'true', '[1]');

/** How the elements of a series differ from what its clock and values say. */
const change = fc.oneof(
  { weight: 8, arbitrary: fc.constant('none' as const) },
  fc.constantFrom('drop', 'shift', 'repeat', 'reverse', 'odd', 'before', 'malformed'),
);

const series = fc.record({
  name: fc.constantFrom(
    ...['StateOfChargePercentage', 'BatteryPowerW', 'GeneratedPowerW', 'BatteryImportKwh'],
    ...['GridPowerW-submeter', 'FirmwareTemperatureC'],
  ),
  clock: fc.constantFrom(0, 0, 0, 1),
  numerals: fc.array(numeral, { minLength: 8, maxLength: 8 }),
  change,
  at: fc.nat(7),
  odd,
});

const response = fc.record({
  device: fc.constantFrom(DEVICE_A, DEVICE_B),
  // some of them overlap, and some touch
  start: fc.integer({ min: 0, max: 160 }).map((step) => T0 + step * STEP * 4),
  lengths: fc.tuple(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 0, max: 8 })),
  series: fc.uniqueArray(series, {
    selector: ({ name, change }) => (change === 'repeat' ? undefined : name),
    maxLength: 6,
  }),
});

type Series = (typeof series extends fc.Arbitrary<infer T> ? T : never) & { name: string };

function dataOf(start: number, length: number, one: Series): string[] {
  const pairs = one.numerals
    .slice(0, length)
    .map((value, index) => ({ ms: start + index * (one.clock === 1 ? 2 : 1) * STEP, value }));
  const at = pairs[one.at % Math.max(1, pairs.length)];
  if (at !== undefined) {
    if (one.change === 'drop') pairs.splice(pairs.indexOf(at), 1);
    if (one.change === 'shift') at.ms += STEP / 2;
    if (one.change === 'repeat') pairs.push({ ms: at.ms, value: '33' });
    if (one.change === 'odd') at.value = one.odd;
    if (one.change === 'before') at.ms /= 1000;
  }
  if (one.change === 'reverse') pairs.reverse();
  const data = pairs.map(({ ms, value }) => `[${ms}, ${value}]`);
  return one.change === 'malformed' ? [...data, `[${start}]`] : data;
}

/** What the models hold, by what tells its rows apart. */
async function contentOf(workspace: Workspace): Promise<unknown> {
  const [content] = await workspace.query(`select
    (select jsonb_agg(to_jsonb(t) order by device_id, ts) from battery_telemetry as t) as telemetry,
    (select jsonb_agg(to_jsonb(t) order by response_id, vendor_series, position, element) from telemetry_reject as t) as rejects,
    (select jsonb_agg(to_jsonb(t) - '{first_landed_at,last_landed_at}'::text[] order by vendor_series) from unmapped_series as t) as unmapped`);
  return content;
}

/** Makes raw as if it had been landed before belt noted which series share their times. */
function forgetClocks(workspace: Workspace, condition: string): Promise<void> {
  return workspace.execute(`update raw.telemetry_response
    set clocks = null, first_reading_at = null, last_reading_at = null,
      profile = (select coalesce(jsonb_agg(entry - 'clock' order by place), '[]') from jsonb_array_elements(profile) with ordinality as entries (entry, place))
    where ${condition}`);
}

test.each(ENGINES)(
  'readings are the same whether their series are zipped, or told one by one (%s)',
  async (engine) => {
    await fc.assert(
      fc.asyncProperty(fc.array(response, { minLength: 60, maxLength: 60 }), async (responses) => {
        const workspace = await createWorkspace(engine);
        for (const [index, { device, start, lengths, series }] of responses.entries()) {
          const entries = series.map((one) => {
            const data = dataOf(start, lengths[one.clock] ?? 0, one);
            return `{"name":"${one.name}","data":[${data.join(',')}]}`;
          });
          const path = `in/telemetry/${device}/${String(index).padStart(2, '0')}.json`;
          workspace.write(path, `{"series":[${entries.join(',')}]}`);
        }
        await workspace.beltOk('land', '--source', 'in');
        await workspace.beltOk('transform');
        const zipped = await contentOf(workspace);
        const kinds = await workspace.query(
          'select distinct case when clocks > 1 then 2 else clocks end as clocks from raw.telemetry_response where readings > 0 order by 1',
        );
        expect(kinds).toEqual([{ clocks: 1 }, { clocks: 2 }, { clocks: null }]);

        const again = [
          'transform',
          '--full-refresh',
          '--select',
          'battery_telemetry',
          'telemetry_reject',
          'unmapped_series',
        ];
        for (const half of ['response_id % 2 = 0', 'true']) {
          await forgetClocks(workspace, half);
          await workspace.beltOk(...again);
          expect(await contentOf(workspace)).toEqual(zipped);
        }
      }),
      { numRuns: engine === 'server' ? 2 : 1, endOnFailure: true },
    );
  },
  600_000,
);
