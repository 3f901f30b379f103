import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { describe, expect, test } from 'vitest';
import { createWorkspace, ENGINES, type Workspace } from '../support/workspace.js';

interface Month {
  readonly id: string;
  readonly month: string;
  readonly charged_wh: number;
  readonly discharged_wh: number;
  readonly equivalent_full_cycles: number | null;
  readonly round_trip_efficiency: number | null;
  readonly usable_capacity_wh: number | null;
  readonly usable_capacity_error_wh: number | null;
  readonly capacity_retention: number | null;
  readonly counter_resets: number;
}

const TWO_MONTHS = ['--from', '2025-04-01', '--to', '2025-06-01', '--cadence', '15m'];

/** Lands and transforms a simulated fleet, and gives the months that belt tells of it. */
async function monthsOf(workspace: Workspace, ...parameters: string[]): Promise<Month[]> {
  await workspace.beltOk(
    ...['simulate', ...TWO_MONTHS, '--chunk', '10d', '--out', 'fleet'],
    ...['--truth', 'truth.csv', ...parameters],
  );
  await workspace.beltOk('land', '--source', 'fleet');
  await workspace.beltOk('transform');
  return workspace.query<Month>(
    `select device_uuid as id, to_char(month at time zone 'UTC', 'YYYY-MM') as month,
        charged_wh::float8, discharged_wh::float8, equivalent_full_cycles, round_trip_efficiency,
        usable_capacity_wh, usable_capacity_error_wh, capacity_retention, counter_resets::int
      from battery_degradation inner join device using (device_id) order by 1, 2`,
  );
}

function truthOf(workspace: Workspace, id: string, month: string): (name: string) => number[] {
  const days = parse(readFileSync(join(workspace.dir, 'truth.csv')), { columns: true }) as Record<
    string,
    string
  >[];
  const own = days.filter((day) => day.device_uuid === id && day.day?.startsWith(month));
  return (name) => own.map((day) => Number(day[name]));
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
const mean = (values: readonly number[]) => sum(values) / values.length;

describe.each(ENGINES)('battery_degradation (%s)', (engine) => {
  test('tells capacity, efficiency, energy and cycles as they truly were', async () => {
    const workspace = await createWorkspace(engine);
    const months = await monthsOf(workspace, '--devices', '5', '--series', 'all');
    expect(months.length).toBe(5 * 2);
    for (const told of months) {
      const truth = truthOf(workspace, told.id, told.month);
      const capacity = mean(truth('capacity_wh'));
      const error = (told.usable_capacity_error_wh ?? Number.NaN) / capacity;
      expect(error).toBeLessThan(0.01);
      expect(Math.abs((told.usable_capacity_wh ?? 0) / capacity - 1)).toBeLessThan(4 * error);
      expect(
        Math.abs((told.round_trip_efficiency ?? 0) - mean(truth('round_trip_efficiency'))),
      ).toBeLessThan(0.001);
      // what flows between the last reading of a month and the first of the next counts there
      expect(Math.abs(told.charged_wh / sum(truth('charged_wh')) - 1)).toBeLessThan(0.005);
      expect(Math.abs(told.discharged_wh / sum(truth('discharged_wh')) - 1)).toBeLessThan(0.005);
      const oneWay = Math.sqrt(mean(truth('round_trip_efficiency')));
      const cycled = (sum(truth('charged_wh')) * oneWay + sum(truth('discharged_wh')) / oneWay) / 2;
      expect(Math.abs((told.equivalent_full_cycles ?? 0) / (cycled / capacity) - 1)).toBeLessThan(
        0.01,
      );
    }
    for (const [first, second] of [0, 2, 4, 6, 8].map((at) => [months[at], months[at + 1]])) {
      expect(first?.capacity_retention).toBe(1);
      const truly = [first, second].map((told) =>
        mean(truthOf(workspace, told?.id ?? '', told?.month ?? '')('capacity_wh')),
      );
      const retention = (truly[1] ?? 0) / (truly[0] ?? 1);
      const error = [first, second].map(
        (told) => (told?.usable_capacity_error_wh ?? Number.NaN) / (told?.usable_capacity_wh ?? 1),
      );
      expect(Math.abs((second?.capacity_retention ?? 0) - retention)).toBeLessThan(4 * sum(error));
    }
  });

  test('tells no capacity where counters were reset or no state of charge is known', async () => {
    const workspace = await createWorkspace(engine);
    const months = await monthsOf(
      workspace,
      ...['--devices', '12', '--series', 'mixed', '--faults', 'reset=0.1'],
    );
    const reset = months.filter((told) => told.counter_resets > 0);
    expect(reset.length).toBeGreaterThan(0);
    expect(reset.map((told) => told.usable_capacity_wh)).toEqual(reset.map(() => null));
    for (const told of reset) {
      const truth = truthOf(workspace, told.id, told.month);
      expect(Math.abs(told.discharged_wh / sum(truth('discharged_wh')) - 1)).toBeLessThan(0.1);
    }
    const [silent] = await workspace.query<{ devices: number; capacities: number }>(
      `select count(*)::int as devices, count(usable_capacity_wh)::int as capacities
        from battery_latest left join battery_degradation using (device_id)
        where state_of_charge_percent is null`,
    );
    expect(silent?.devices).toBeGreaterThan(0);
    expect(silent?.capacities).toBe(0);
  });
});
