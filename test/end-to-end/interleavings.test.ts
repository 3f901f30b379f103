import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DAY, DEVICE_A, DEVICE_B, HOUR, T0, writeResponses } from '../support/responses.js';
import { createWorkspace, ENGINES, type Workspace } from '../support/workspace.js';

/** A response of a device: readings at steps of ten minutes, ordered or not. */
interface Response {
  readonly device: string;
  readonly start: number;
  readonly values: readonly (number | null)[];
  readonly charge: readonly (number | null)[];
  readonly reversed: boolean;
}

type Action =
  | { readonly kind: 'land'; readonly responses: readonly Response[] }
  | { readonly kind: 'transform' }
  | { readonly kind: 'window'; readonly day: number }
  | { readonly kind: 'kill'; readonly command: 'transform' | 'window'; readonly after: number };

const STEP = 10 * 60_000;

const response: fc.Arbitrary<Response> = fc.record({
  device: fc.constantFrom(DEVICE_A, DEVICE_B),
  // overlaps are likely: nine starts in three days
  start: fc.integer({ min: 0, max: 8 }).map((step) => T0 - DAY + step * 8 * HOUR),
  values: fc.array(fc.oneof(fc.integer({ min: -500, max: 500 }), fc.constant(null)), {
    minLength: 1,
    maxLength: 70,
  }),
  charge: fc.array(fc.oneof(fc.integer({ min: 0, max: 120 }), fc.constant(null)), {
    maxLength: 40,
  }),
  reversed: fc.boolean(),
});

const actions: fc.Arbitrary<Action[]> = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant('land' as const),
        responses: fc.array(response, { minLength: 1, maxLength: 4 }),
      }),
    },
    { weight: 2, arbitrary: fc.constant({ kind: 'transform' as const }) },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('window' as const),
        day: fc.integer({ min: -1, max: 2 }),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant('kill' as const),
        command: fc.constantFrom('transform' as const, 'window' as const),
        after: fc.integer({ min: 150, max: 1500 }),
      }),
    },
  ),
  { minLength: 3, maxLength: 7 },
);

function seriesOf({ start, values, charge, reversed }: Response) {
  const pairs = (list: readonly (number | null)[]) => {
    const data = list.flatMap((value, index) =>
      value === null ? [] : [[start + index * STEP, value]],
    );
    return reversed ? data.reverse() : data;
  };
  return { BatteryPowerW: pairs(values), StateOfChargePercentage: pairs(charge) };
}

const windowOf = (day: number) => {
  const start = Math.floor(T0 / DAY) * DAY + day * DAY;
  return [
    '--event-time-start',
    new Date(start).toISOString(),
    '--event-time-end',
    new Date(start + DAY).toISOString(),
  ];
};

async function killed(workspace: Workspace, action: Extract<Action, { kind: 'kill' }>) {
  const window = action.command === 'window' ? windowOf(0) : [];
  const child = workspace.spawnBelt('transform', ...window);
  const ended = new Promise((done) => child.on('close', done));
  await new Promise((done) => setTimeout(done, action.after));
  child.kill('SIGKILL');
  await ended;
}

/** All that the models tell, with the vendor's ids in place of keys that depend on the order. */
async function contentOf(workspace: Workspace) {
  const rows = (sql: string) => workspace.query(sql);
  const named = 'join device using (device_id)';
  return {
    telemetry: await rows(
      `select device_uuid, ts, battery_power_w, state_of_charge_percent from battery_telemetry ${named} order by 1, 2`,
    ),
    hourly: await rows(
      `select device_uuid, bucket, battery_power_w_min, battery_power_w_max, battery_power_w_mean, state_of_charge_percent_last, readings
        from battery_hourly ${named} order by 1, 2`,
    ),
    daily: await rows(
      `select device_uuid, bucket, battery_power_w_readings, state_of_charge_percent_last, readings
        from battery_daily ${named} order by 1, 2`,
    ),
    latest: await rows(
      `select device_uuid, read_at, battery_power_w, state_of_charge_percent, state_of_charge_percent_at from battery_latest ${named} order by 1`,
    ),
    rejects: await rows(
      'select device_uuid, vendor_series, element, reason from telemetry_reject order by 1, 2, 3::text, response_id, position',
    ),
  };
}

async function perform(workspace: Workspace, action: Action, index: number): Promise<void> {
  switch (action.kind) {
    case 'land': {
      const telemetry = Object.fromEntries(
        action.responses.map((one, at) => [`${one.device}/${index}-${at}`, seriesOf(one)]),
      );
      const source = writeResponses(workspace, `in-${index}`, { telemetry });
      await workspace.beltOk('land', '--source', source);
      return;
    }
    case 'transform':
      await workspace.beltOk('transform');
      return;
    case 'window':
      await workspace.belt('transform', ...windowOf(action.day));
      return;
    case 'kill':
      await killed(workspace, action);
      return;
  }
}

// a server is quick enough for many; the embedded engine shows that it is no other there
const RUNS = { server: 12, embedded: 3 };

test.each(ENGINES)(
  'any order of landings, kills, windows and transforms ends in the same tables (%s)',
  async (engine) => {
    await fc.assert(
      fc.asyncProperty(actions, async (list) => {
        const workspace = await createWorkspace(engine);
        for (const [index, action] of list.entries()) await perform(workspace, action, index);
        await workspace.beltOk('transform');

        const whole = await createWorkspace(engine);
        for (const [index, action] of list.entries()) {
          if (action.kind === 'land') await perform(whole, action, index);
        }
        await whole.beltOk('transform', '--full-refresh');
        expect(await contentOf(workspace)).toEqual(await contentOf(whole));
      }),
      { numRuns: RUNS[engine], endOnFailure: true },
    );
  },
  600_000,
);
