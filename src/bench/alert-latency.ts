import type { PoolClient } from 'pg';
import { median, quantile } from './median.js';
import type { Scale } from './scale.js';

/** Latency of the alert query, from asking to all rows being there. */
export interface AlertLatency {
  readonly devices: number;
  readonly days: number;
  readonly telemetryRows: number;
  readonly alerts: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Of `select 1` in between: what the machine and the connection take alone. */
  readonly roundTripP99Ms: number;
}

/** One battery in so many is nearly empty. */
const ONE_ALERT_IN = 100;

/** Hours from one row of history to the next: more rows would tell nothing else, and take days. */
const HISTORY_HOURS = 6;

const ROUNDS = 7;

/** A battery has had a closed alert in so many days. */
const CLOSED_ALERT_DAYS = 10;

/** Alerts of low states of charge, from `times`: device_id, opened_at and closed_at. */
const insertAlerts = (times: string) => `
  insert into alert_interval (rule, metric, kind, severity, threshold, value, extreme, recorded_at,
    device_id, began_at, opened_at, closed_at)
  select 'state_of_charge_low', 'state_of_charge_percent', 'below', 'warning', 20, 15, 15, now(),
    device_id, opened_at, opened_at, closed_at
  from (${times}) as alert`;

/** What an alerting system asks every few seconds. */
const ALERT_QUERY = 'select * from public.battery_alert';

export async function measureAlerts(client: PoolClient, scale: Scale): Promise<AlertLatency[]> {
  const figures: AlertLatency[] = [];
  for (const devices of scale.alertDevices) {
    await client.query(
      'truncate device, asset_history, alert_device, battery_telemetry, latest_reading, alert_interval',
    );
    await client.query(
      `insert into device (device_id, device_uuid)
        select device_id, md5(device_id::text)::uuid from generate_series(1, $1) as device_id`,
      [devices],
    );
    await client.query(
      `insert into asset_history (device_id, valid_from, description, state)
        select device_id, now() - interval '200 days', 'Site ' || device_id, 'Ok' from device`,
    );
    await client.query(
      `insert into alert_device (device_id, device_uuid, site, state, stale_after, changed_by_response_id, line_nos)
        select device_id, device_uuid, 'Site ' || device_id, 'Ok', '15 minutes', 0, array(select generate_series(1, (select count(*) from alert_rule))::int)
        from device`,
    );
    let from = 0;
    for (const days of scale.alertDays) {
      await client.query(
        `insert into battery_telemetry (device_id, ts, state_of_charge_percent, battery_power_w, battery_import_wh, battery_export_wh)
          select device_id, date_trunc('day', now()) - hours * interval '1 hour',
            case when device_id % $4 = 0 then 15 else 20 + (device_id + hours) % 80 end,
            (device_id * hours) % 50000, 1000000 - hours * 10, 900000 - hours * 9
          from device cross join generate_series($1 * 24, $2 * 24 - 1, $3::int) as hours`,
        [from, days, HISTORY_HOURS, ONE_ALERT_IN],
      );
      await client.query(
        insertAlerts(
          `select device_id, now() - day * interval '1 day' as opened_at, now() - day * interval '23 hours' as closed_at
            from device cross join generate_series($1::int + 1, $2::int, $3::int) as day`,
        ),
        [from, days, CLOSED_ALERT_DAYS],
      );
      from = days;
      await client.query('truncate latest_reading');
      await client.query(
        `insert into latest_reading (device_id, read_at, until_at, state_of_charge_percent, state_of_charge_percent_at)
          select device_id, now(), 'infinity', last(state_of_charge_percent, ts), now()
          from battery_telemetry group by device_id`,
      );
      await client.query("delete from alert_interval where closed_at = 'infinity'");
      await client.query(
        insertAlerts(
          `select device_id, now() - interval '1 hour' as opened_at, 'infinity'::timestamptz as closed_at
            from latest_reading where state_of_charge_percent < 20`,
        ),
      );
      await client.query(
        'analyze device, asset_history, alert_device, latest_reading, alert_interval',
      );
      const { rows } = await client.query<{ rows: number }>(
        'select count(*)::float8 as rows from battery_telemetry',
      );
      const { rows: alerts } = await client.query(ALERT_QUERY);
      figures.push({
        devices,
        days,
        telemetryRows: rows[0]?.rows ?? 0,
        alerts: alerts.length,
        ...(await latencyOf(client, scale.alertQueries)),
      });
    }
  }
  return figures;
}

/** Medians over rounds, since one busy moment of the machine would be the p99 of them all. */
async function latencyOf(
  client: PoolClient,
  queries: number,
): Promise<{ p50Ms: number; p99Ms: number; roundTripP99Ms: number }> {
  const ask = async (query: string) => {
    const times: number[] = [];
    for (let index = 0; index < queries / ROUNDS; index++) {
      const start = performance.now();
      await client.query(query);
      times.push(performance.now() - start);
    }
    return times;
  };
  await ask(ALERT_QUERY);
  const alert: number[][] = [];
  const nothing: number[][] = [];
  for (let round = 0; round < ROUNDS; round++) {
    nothing.push(await ask('select 1'));
    alert.push(await ask(ALERT_QUERY));
  }
  const medianOf = (rounds: readonly number[][], share: number) =>
    median(rounds.map((times) => quantile(times, share)));
  return {
    p50Ms: medianOf(alert, 0.5),
    p99Ms: medianOf(alert, 0.99),
    roundTripP99Ms: medianOf(nothing, 0.99),
  };
}
