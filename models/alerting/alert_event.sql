{{ config(materialized='view') }}

-- Alerts as of now: a closing that lies ahead of the clock has not come yet, nor has such an opening.
select
    event.device_id,
    asset.device_uuid,
    asset.description as site,
    event.rule,
    event.kind,
    nullif(event.metric, '') as metric,
    event.severity,
    event.threshold,
    event.began_at,
    event.opened_at,
    event.closed_at,
    round(1000 * event.value) / 1000 as value,
    round(1000 * event.extreme) / 1000 as extreme,
    event.extreme_at,
    event.revision,
    event.revised_at,
    event.withdrawn_at,
    event.recorded_at
from (
    select
        device_id,
        rule,
        kind,
        metric,
        severity,
        threshold,
        began_at,
        opened_at,
        case when {{ is_closed() }} then closed_at end as closed_at,
        value,
        extreme,
        extreme_at,
        revision,
        revised_at,
        withdrawn_at,
        recorded_at
    from {{ ref('alert_interval') }}
    where {{ is_due() }}

    union all

    select
        device_id,
        rule,
        kind,
        metric,
        severity,
        threshold,
        began_at,
        opened_at,
        null,
        threshold,
        date_part('epoch', now() - began_at),
        now(),
        null,
        null,
        null,
        opened_at
    from ({{ silent_now() }}) as silent
) as event
inner join {{ ref('asset') }} as asset using (device_id)
