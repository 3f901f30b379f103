import type { ClientBase } from 'pg';
import { didYouMean } from '../did-you-mean.js';
import { UsageError } from '../errors.js';
import { renderRelation } from '../project/relation.js';
import { isUuid } from '../uuid.js';

/** What somebody says of alerts: which devices, and which rule of them. */
export interface Muted {
  /** A device's UUID, or a site as the vendor describes it, with * for any text. */
  readonly target: string;
  /** A rule of alert_rule.csv, or * for all of them. */
  readonly rule: string;
}

export interface MuteSummary extends Muted {
  /** UUIDs of the devices that are concerned. */
  readonly devices: readonly string[];
  /** Until when; undefined where it was taken back. */
  readonly until: Date | undefined;
}

interface Device {
  readonly deviceId: number;
  readonly deviceUuid: string;
}

/** Notes that alerts are known of until then. Throws a UsageError where there is no such device or rule. */
export async function muteAlerts(
  client: ClientBase,
  schema: string,
  muted: Muted,
  seconds: number,
): Promise<MuteSummary> {
  const devices = await findDevices(client, schema, muted.target);
  await refuseUnknownRule(client, schema, muted.rule);
  const { rows } = await client.query<{ until: Date }>(
    `insert into belt.alert_mute as known (device_id, rule, muted_until)
      select device_id, $2, now() + $3 * interval '1 second' from unnest($1::integer[]) as device_id
      on conflict (device_id, rule) do update
        set muted_until = excluded.muted_until, muted_at = now(), muted_by = current_user
      returning muted_until as until`,
    [devices.map(({ deviceId }) => deviceId), muted.rule, seconds],
  );
  return { ...muted, devices: devices.map(({ deviceUuid }) => deviceUuid), until: rows[0]?.until };
}

/** Takes that back; with the rule * all that was said of the devices. */
export async function unmuteAlerts(
  client: ClientBase,
  schema: string,
  muted: Muted,
): Promise<MuteSummary> {
  const devices = await findDevices(client, schema, muted.target);
  await refuseUnknownRule(client, schema, muted.rule);
  const { rows } = await client.query<{ device_id: number }>(
    `delete from belt.alert_mute where device_id = any ($1::integer[]) and ($2 = '*' or rule = $2)
      returning device_id`,
    [devices.map(({ deviceId }) => deviceId), muted.rule],
  );
  const held = new Set(rows.map(({ device_id }) => device_id));
  const unmuted = devices.filter(({ deviceId }) => held.has(deviceId));
  return { ...muted, devices: unmuted.map(({ deviceUuid }) => deviceUuid), until: undefined };
}

async function findDevices(
  client: ClientBase,
  schema: string,
  target: string,
): Promise<readonly Device[]> {
  const asset = renderRelation({ schema, identifier: 'asset' });
  const { rows: all } = await client.query<Device & { site: string | null }>(
    `select device_id as "deviceId", device_uuid as "deviceUuid", description as site
      from ${asset} order by device_id`,
  );
  const found = isUuid(target)
    ? all.filter(({ deviceUuid }) => deviceUuid === target.toLowerCase())
    : all.filter(({ site }) => site !== null && isSite(site, target));
  if (found.length > 0) return found;
  const sites = [...new Set(all.map(({ site }) => site ?? ''))];
  throw new UsageError(
    `There is no device or site ${JSON.stringify(target)}${didYouMean(target, sites)}.`,
    { hint: 'Name a device by its UUID, or sites as the vendor describes them: "Havenkade*".' },
  );
}

/** Whether a site is meant: * stands for any text, and capitals are no matter. */
function isSite(site: string, pattern: string): boolean {
  const parts = pattern.split('*').map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`, 'is').test(site);
}

async function refuseUnknownRule(client: ClientBase, schema: string, rule: string): Promise<void> {
  if (rule === '*') return;
  const { rows } = await client.query<{ rule: string }>(
    `select distinct rule from ${renderRelation({ schema, identifier: 'alert_rule' })} order by 1`,
  );
  const rules = rows.map((row) => row.rule);
  if (rules.includes(rule)) return;
  throw new UsageError(`There is no rule ${JSON.stringify(rule)}${didYouMean(rule, rules)}.`, {
    hint: `The rules are ${rules.join(', ')}; * stands for all of them.`,
  });
}
