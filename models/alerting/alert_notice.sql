{{ config(materialized='view') }}

-- What belt watch tells of each alert: labels tell one from another, annotations say more of it.
select
    md5(concat_ws(' ', event.device_uuid, event.rule, event.metric, extract(epoch from event.opened_at)))::uuid as event_id,
    event.opened_at as starts_at,
    event.closed_at as ends_at,
    event.withdrawn_at,
    exists (
        select from {{ source('belt', 'alert_mute') }} as muted
        where
            muted.device_id = event.device_id
            and muted.rule in (event.rule, '*')
            and muted.muted_until > now()
    ) as is_muted,
    jsonb_strip_nulls(jsonb_build_object(
        'alertname', event.rule,
        'severity', event.severity,
        'device', event.device_uuid,
        'site', event.site,
        'metric', event.metric
    )) as labels,
    jsonb_build_object(
        'summary', concat_ws(
            ', ',
            coalesce(event.site, event.device_uuid::text),
            coalesce(event.metric, event.kind) || ' ' || event.value || ' (threshold ' || event.threshold || ')'
        ),
        'value', event.value,
        'extreme', event.extreme,
        'threshold', event.threshold
    ) as annotations,
    greatest(event.opened_at, event.recorded_at, event.revised_at) as changed_at
from {{ ref('alert_event') }} as event
