import type { ClientBase } from 'pg';
import { BeltError } from '../../errors.js';
import type { ModelNode } from '../../project/nodes.js';
import type { Project } from '../../project/project.js';
import { renderRelation } from '../../project/relation.js';

/** What is told of an alert. */
export interface Notice {
  readonly event: string;
  readonly state: 'firing' | 'resolved' | 'withdrawn';
  readonly startsAt: string;
  readonly endsAt: string | null;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string | number | null>>;
}

/** The model that tells of alerts, by `meta: {notify: true}`; undefined where the project has none. */
export function notifyingModel(project: Project): ModelNode | undefined {
  const [model, other] = [...project.nodes.values()].filter(
    (node): node is ModelNode => node.resourceType === 'model' && node.meta.notify === true,
  );
  if (other === undefined) return model;
  throw new BeltError(`${model?.name} and ${other.name} have meta: {notify: true} both.`, {
    location: { file: other.path },
    hint: 'One model tells of alerts: let one read what the other has.',
  });
}

/** The channel of NOTIFY: its payload is the id of the event. */
const CHANNEL = 'belt_alert';

/** How alerts are looked at. */
interface Look {
  /** Alerts of before that neither fire nor fired are not looked at; undefined for all. */
  readonly since: Date | undefined;
  /** Whether this is the first look at all: what has ended before is not told. */
  readonly isFirst: boolean;
}

/**
 * Notes what is new of the alerts, and what each receiver is to be sent of it. To be called in a
 * transaction.
 */
export async function noteAlerts(
  client: ClientBase,
  model: ModelNode,
  receivers: readonly string[],
  { since, isFirst }: Look,
): Promise<void> {
  await client.query(
    `with told as (
        select event_id, starts_at, ends_at, labels, annotations, is_muted,
          case when withdrawn_at is not null then 'withdrawn' when ends_at is not null then 'resolved'
            else 'firing' end as state
        from ${renderRelation(model.relation)}
        where $2::timestamptz is null or changed_at >= $2 or ends_at is null
          or event_id in (select event_id from belt.alert_notice where state = 'firing')
      ),
      gone as (
        -- what the model does not tell any more, such as after a full refresh, was taken back
        select event_id, starts_at, ends_at, labels, '{}'::jsonb as annotations, false as is_muted,
          'withdrawn' as state
        from belt.alert_notice as known
        where state = 'firing' and not exists (
          select from told where told.event_id = known.event_id
        )
      ),
      changed as (
        select seen.event_id, seen.starts_at, seen.ends_at, seen.state,
          coalesce(known.labels, seen.labels) as labels, seen.annotations
        from (select * from told union all select * from gone) as seen
        left join belt.alert_notice as known using (event_id)
        where (seen.state, seen.ends_at) is distinct from (known.state, known.ends_at)
          and (known.event_id is not null or not seen.is_muted)
          -- what was taken back before anybody heard of it is of no interest
          and (known.event_id is not null or seen.state <> 'withdrawn')
      ),
      noted as (
        insert into belt.alert_notice as known (event_id, state, starts_at, ends_at, labels)
        select event_id, state, starts_at, ends_at, labels from changed
        on conflict (event_id) do update
        set state = excluded.state, ends_at = excluded.ends_at, noticed_at = clock_timestamp()
      ),
      due as (
        select * from changed where not $3::boolean or state = 'firing'
      ),
      queued as (
        insert into belt.alert_delivery (receiver, event_id, notice)
        select receiver, event_id, ${NOTICE}
        from due cross join unnest($1::text[]) as receiver
        order by starts_at, event_id
      )
      select pg_notify('${CHANNEL}', event_id::text) from due`,
    [receivers, since ?? null, isFirst],
  );
}

const NOTICE = `jsonb_build_object('event', event_id, 'state', state, 'startsAt', starts_at,
  'endsAt', ends_at, 'labels', labels, 'annotations', annotations)`;

/** Notes that alerts are looked at. Gives whether that is so for the first time. */
export async function isFirstLook(client: ClientBase): Promise<boolean> {
  const { rowCount } = await client.query(
    'insert into belt.alert_receiver (receiver) values ($1) on conflict do nothing',
    [`notify ${CHANNEL}`],
  );
  return rowCount === 1;
}

/** Has receivers that are new told of what is firing. To be called in a transaction. */
export async function addReceivers(
  client: ClientBase,
  model: ModelNode,
  receivers: readonly string[],
): Promise<void> {
  await client.query(
    `with added as (
        insert into belt.alert_receiver (receiver) select unnest($1::text[])
        on conflict do nothing
        returning receiver
      )
      insert into belt.alert_delivery (receiver, event_id, notice)
      select receiver, event_id, ${NOTICE}
      from (
        select known.event_id, known.state, known.starts_at, known.ends_at, known.labels,
          coalesce(told.annotations, '{}') as annotations
        from belt.alert_notice as known
        left join ${renderRelation(model.relation)} as told using (event_id)
        where known.state = 'firing'
      ) as firing cross join added
      order by starts_at, event_id`,
    [receivers],
  );
}
