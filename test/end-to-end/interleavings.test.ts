import fc from 'fast-check';
import { expect, test } from 'vitest';
import { eventOf, finished } from '../support/processes.js';
import { DAY, DEVICE_A, DEVICE_B, HOUR, T0, writeResponses } from '../support/responses.js';
import { createWorkspace, ENGINES, type Engine, type Workspace } from '../support/workspace.js';

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
  | {
      readonly kind: 'kill';
      readonly command: 'transform' | 'window';
      /** Lines of the log after which it is killed; below 0: before, while it opens the database. */
      readonly lines: number;
    };

const STEP = 10 * 60_000;

/** Opening the embedded database takes some four times as long. */
const OPENING_MS = 300;

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
        // a transform logs some thirty lines: as each model begins, goes on and ends
        lines: fc.integer({ min: -2, max: 24 }),
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

/** Starts belt, and kills it once it has logged so many lines, unless it is done before. */
async function killed(workspace: Workspace, action: Extract<Action, { kind: 'kill' }>) {
  const window = action.command === 'window' ? windowOf(0) : [];
  const child = workspace.spawnBelt('--log-format', 'json', 'transform', ...window);
  const end = finished(child);
  let lines = 0;
  await (action.lines < 0
    ? new Promise((done) => setTimeout(done, -action.lines * OPENING_MS))
    : Promise.race([eventOf(child, () => ++lines > action.lines).catch(() => end), end]));
  child.kill('SIGKILL');
  const { code } = await end;
  // a window of models that are not there yet fails
  expect(action.command === 'window' ? [null, 0, 1] : [null, 0]).toContain(code);
}

/** Rebuilds a window: it must succeed, but for models that are not there yet. */
async function rebuilt(workspace: Workspace, day: number): Promise<void> {
  const { code, stdout, stderr } = await workspace.belt('transform', ...windowOf(day), '--json');
  if (code === 0) return;
  if (stdout === '') throw new Error(stderr);
  const { results } = JSON.parse(stdout) as { results: { status: string; message: string }[] };
  const faults = results.filter(({ status }) => status === 'error');
  expect(faults.length).toBeGreaterThan(0);
  for (const { message } of faults) expect(message).toContain('is not there yet');
  const [missing] = await workspace.query<{ models: number }>(
    `select count(*)::int as models
      from unnest(array['battery_telemetry', 'alert_interval', 'latest_reading', 'battery_hourly', 'battery_daily']) as name
      where to_regclass(name) is null`,
  );
  expect(missing?.models).toBeGreaterThan(0);
}

/** All that the models tell, with the vendor's ids in place of keys that depend on the order. */
async function contentOf(workspace: Workspace) {
  const named = 'join device using (device_id)';
  const contents = {
    telemetry: `select device_uuid, ts, battery_power_w, state_of_charge_percent from battery_telemetry ${named} order by 1, 2`,
    hourly: `select device_uuid, bucket, battery_power_w_min, battery_power_w_max, battery_power_w_mean, state_of_charge_percent_last, readings
        from battery_hourly ${named} order by 1, 2`,
    daily: `select device_uuid, bucket, battery_power_w_readings, state_of_charge_percent_last, readings
        from battery_daily ${named} order by 1, 2`,
    latest: `select device_uuid, read_at, battery_power_w, state_of_charge_percent, state_of_charge_percent_at from battery_latest ${named} order by 1`,
    alerts: `select device_uuid, rule, metric, began_at, opened_at, closed_at, value, extreme, extreme_at from alert_interval ${named}
        where withdrawn_at is null and kind not in ('missing', 'clock_ahead') order by 1, 2, 3, 5`,
    rejects:
      'select device_uuid, vendor_series, element, reason from telemetry_reject order by 1, 2, 3::text, response_id, position',
  };
  const columns = Object.entries(contents).map(
    ([name, rows]) => `(select jsonb_agg(to_jsonb(r)) from (${rows}) as r) as ${name}`,
  );
  return workspace.query(`select ${columns.join(', ')}`);
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
      await rebuilt(workspace, action.day);
      return;
    case 'kill':
      await killed(workspace, action);
      return;
  }
}

// a server is quick enough for many; the embedded engine shows that it is no other there
const RUNS = { server: 12, embedded: 2 };
const runsOf = (engine: Engine) => Number(process.env.BELT_INTERLEAVINGS ?? RUNS[engine]);

test.each(ENGINES)(
  'any order of landings, kills, windows and transforms ends in the same tables (%s)',
  async (engine) => {
    await fc.assert(
      fc.asyncProperty(actions, async (list) => {
        const workspace = await createWorkspace(engine, { direct: true });
        for (const [index, action] of list.entries()) await perform(workspace, action, index);
        await workspace.beltOk('transform');

        const whole = await createWorkspace(engine);
        for (const [index, action] of list.entries()) {
          if (action.kind === 'land') await perform(whole, action, index);
        }
        await whole.beltOk('transform', '--full-refresh');
        expect(await contentOf(workspace)).toEqual(await contentOf(whole));
      }),
      { numRuns: runsOf(engine), endOnFailure: true },
    );
  },
  600_000,
);
