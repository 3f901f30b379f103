import type { ClientBase } from 'pg';
import { type Relation, renderRelation } from '../project/relation.js';
import { findRelation } from '../run/catalog/relations.js';

/** An alert that is open now. */
export interface OpenAlert {
  readonly deviceUuid: string;
  readonly site: string | null;
  readonly rule: string;
  readonly severity: string;
  readonly metric: string | null;
  readonly value: number | null;
  readonly threshold: number | null;
  readonly since: Date;
  readonly openedAt: Date;
  readonly readAt: Date | null;
  readonly ageSeconds: number | null;
  readonly stale: boolean;
  readonly acknowledgedUntil: Date | null;
}

/** An alert that has opened, and what became of it. */
export interface AlertEvent {
  readonly deviceUuid: string;
  readonly site: string | null;
  readonly rule: string;
  readonly severity: string;
  readonly metric: string | null;
  readonly threshold: number | null;
  readonly value: number | null;
  readonly extreme: number | null;
  readonly openedAt: Date;
  readonly closedAt: Date | null;
  readonly revision: string | null;
  readonly revisedAt: Date | null;
  readonly withdrawnAt: Date | null;
}

/** The worst first, and of these the one that has lasted longest. */
const URGENCY =
  "array_position(array['critical', 'warning', 'info'], severity), since, device_id, rule";

/** The alerts that are open now, most urgent first; undefined where the models have not run. */
export async function readOpenAlerts(
  client: ClientBase,
  schema: string,
): Promise<OpenAlert[] | undefined> {
  const alert = await builtRelation(client, schema, 'battery_alert');
  if (alert === undefined) return undefined;
  const { rows } = await client.query<OpenAlert>(
    `select device_uuid as "deviceUuid", site, rule, severity, metric, value, threshold, since,
        opened_at as "openedAt", read_at as "readAt", age_seconds as "ageSeconds", stale,
        acknowledged_until as "acknowledgedUntil"
      from ${renderRelation(alert)} order by ${URGENCY}, metric`,
  );
  return rows;
}

/** The alerts that were open at any time since then, or ever; the latest first. Undefined as above. */
export async function readAlertEvents(
  client: ClientBase,
  schema: string,
  since: Date | undefined,
): Promise<AlertEvent[] | undefined> {
  const event = await builtRelation(client, schema, 'alert_event');
  if (event === undefined) return undefined;
  const { rows } = await client.query<AlertEvent>(
    `select device_uuid as "deviceUuid", site, rule, severity, metric, threshold, value, extreme,
        opened_at as "openedAt", closed_at as "closedAt", revision, revised_at as "revisedAt",
        withdrawn_at as "withdrawnAt"
      from ${renderRelation(event)}
      where $1::timestamptz is null or closed_at is null or closed_at >= $1
      order by opened_at desc, device_id, rule, metric`,
    [since ?? null],
  );
  return rows;
}

async function builtRelation(
  client: ClientBase,
  schema: string,
  identifier: string,
): Promise<Relation | undefined> {
  const relation = { schema, identifier };
  return (await findRelation(client, relation)) === undefined ? undefined : relation;
}
