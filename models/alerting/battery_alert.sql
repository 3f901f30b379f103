{{ config(materialized='view') }}
{%- set gauges = metrics() | selectattr('kind', 'equalto', 'gauge') | map(attribute='column_name') | list %}
{%- set followed = [] %}
{%- for line in value_checks() if line.kind != 'counter_backwards' and line.metric in gauges and (line.reference is none or line.reference in gauges) %}
    {%- do followed.append(line) %}
{%- endfor %}

-- Asked every few seconds: index scans of small tables, and never of history.
-- The limits make it look up the readings and devices of the alerts only; a join would read all of them.
select
    alert.device_id,
    device.device_uuid,
    device.site,
    device.state,
    alert.rule,
    alert.severity,
    nullif(alert.metric, '') as metric,
    case alert.kind
        when 'stale' then round(date_part('epoch', now() - alert.began_at))
        else round(1000 * coalesce(latest.value, alert.value)) / 1000
    end as value,
    alert.threshold,
    alert.began_at as since,
    alert.opened_at,
    coalesce(latest.value_at, latest.read_at) as read_at,
    now() - coalesce(latest.value_at, latest.read_at) as age,
    date_part('epoch', now() - coalesce(latest.value_at, latest.read_at)) as age_seconds,
    coalesce(latest.read_at <= now() - device.stale_after, false) as stale,
    case
        when exists (select from {{ source('belt', 'alert_mute') }} as any_of where any_of.muted_until > now()) then (
            select max(muted.muted_until)
            from {{ source('belt', 'alert_mute') }} as muted
            where muted.device_id = alert.device_id and muted.rule in (alert.rule, '*') and muted.muted_until > now()
        )
    end as acknowledged_until,
    latest.state_of_charge_percent
from (
    select device_id, rule, kind, metric, severity, threshold, value, began_at, opened_at, null::integer as line_no
    from {{ ref('alert_interval') }}
    where
        closed_at > now()
        and withdrawn_at is null
        and not {{ is_closed() }}
        and {{ is_due() }}

    union all

    select silent.device_id, line.rule, line.kind, line.metric, line.severity, line.threshold, null::double precision, silent.read_at, silent.read_at + line.threshold * interval '1 second', line.line_no
    from {{ ref('latest_reading') }} as silent
    cross join {{ alert_line_values(['stale']) }}
    where
        silent.read_at <= now() - {{ least_stale(alert_lines() | selectattr('kind', 'equalto', 'stale') | list) }}
        and silent.until_at > now() + {{ clock_tolerance() }}
        and silent.read_at + line.threshold * interval '1 second' <= now()
) as alert
cross join lateral (
    select device_uuid, site, state, stale_after, unlisted_from, line_nos
    from {{ ref('alert_device') }}
    where device_id = alert.device_id
    limit 1
) as device
left join lateral (
    select
        read_at,
        state_of_charge_percent,
        case alert.rule
            {%- for line in followed %}
            when '{{ line.rule }}' then ({{ alert_measure(line, 'candidate') }})::double precision
            {%- endfor %}
            else null::double precision
        end as value,
        case alert.rule
            {%- for line in followed %}
            when '{{ line.rule }}' then {% if line.reference is none %}{{ line.metric }}_at{% else %}greatest({{ line.metric }}_at, {{ line.reference }}_at){% endif %}
            {%- endfor %}
            else null::timestamptz
        end as value_at
    from {{ ref('latest_reading') }} as candidate
    where
        device_id = alert.device_id
        and read_at <= now() + {{ clock_tolerance() }}
        and until_at > now() + {{ clock_tolerance() }}
    limit 1
) as latest on true
where
    (alert.line_no is null or alert.line_no = any (device.line_nos))
    -- a device that the vendor lists no more has that one alert
    and (alert.kind = 'missing' or device.unlisted_from is null or device.unlisted_from > now())
