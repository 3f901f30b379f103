{#-
  Alerts of devices that the vendor lists no more, of those whose listing the new responses change;
  all of a device, from the intervals in which any page lists it.
-#}
{% macro missing_alerts() %}
    select
        listing.device_id,
        line.rule,
        line.metric,
        line.kind,
        line.severity,
        line.threshold,
        listing.left_at,
        listing.left_at + line.for_time,
        listing.back_at,
        null::double precision,
        null::double precision,
        null::timestamptz,
        false
    from (
        select
            device_id,
            until_now as left_at,
            lead(listed_from, 1, 'infinity') over (partition by device_id order by listed_from, until_now) as back_at
        from (
            select
                device_id,
                listed_from,
                max(coalesce(listed_to, 'infinity')) over (partition by device_id order by listed_from, listed_to) as until_now
            from {{ ref('asset_listing') }}
            where device_id in (select device_id from relisted)
        ) as listed
    ) as listing
    inner join {{ ref('alert_device') }} as alert_device using (device_id)
    inner join {{ alert_line_values(['missing']) }} on line.line_no = any (alert_device.line_nos)
    where listing.left_at + line.for_time < listing.back_at
{%- endmacro %}

{#-
  Alerts of clocks: from the landing of a reading that was ahead until its time has come, where these
  overlap as one. Of the new responses, and of what they go on with.
-#}
{% macro clock_alerts() %}
    select
        island.device_id,
        island.rule,
        island.metric,
        island.kind,
        island.severity,
        island.threshold,
        coalesce(told.began_at, island.opened_at),
        coalesce(told.opened_at, island.opened_at),
        greatest(told.closed_at, island.closed_at),
        coalesce(told.value, island.value),
        greatest(told.extreme, island.extreme),
        case when told.extreme >= island.extreme then told.extreme_at else island.extreme_at end,
        false
    from (
        select
            device_id,
            rule,
            metric,
            kind,
            severity,
            threshold,
            min(landed_at) as opened_at,
            max(until) as closed_at,
            (array_agg(ahead order by landed_at))[1] as value,
            max(ahead) as extreme,
            (array_agg(landed_at order by ahead desc, landed_at))[1] as extreme_at
        from (
            select *, count(*) filter (where is_first) over (partition by device_id, rule order by landed_at, response_id) as island_no
            from (
                select
                    *,
                    landed_at > max(until) over (
                        partition by device_id, rule order by landed_at, response_id
                        rows between unbounded preceding and 1 preceding
                    ) is not false as is_first
                from (
                    select
                        response.response_id,
                        response.device_id,
                        response.landed_at,
                        line.*,
                        response.last_reading_at - line.threshold * interval '1 second' as until,
                        extract(epoch from response.last_reading_at - response.landed_at)::double precision as ahead
                    from {{ ref('response_ahead') }} as response
                    inner join {{ ref('alert_device') }} as alert_device using (device_id)
                    inner join {{ alert_line_values(['clock_ahead']) }} on line.line_no = any (alert_device.line_nos)
                    where
                        response.last_reading_at > response.landed_at + line.threshold * interval '1 second'
                        {%- if is_incremental() %}
                        and response.response_id in (
                            select response_id from {{ new_rows(source('raw', 'telemetry_response')) }} as landed
                        )
                        {%- endif %}
                ) as ahead_of_landing
            ) as ordered
        ) as numbered
        group by device_id, rule, metric, kind, severity, threshold, island_no
    ) as island
    left join lateral (
        select *
        from {% if is_incremental() %}{{ this }}{% else %}known{% endif %} as existing
        where
            existing.device_id = island.device_id and existing.rule = island.rule and existing.metric = island.metric
            and existing.opened_at <= island.opened_at and existing.closed_at >= island.opened_at
        order by existing.opened_at desc
        limit 1
    ) as told on true
{%- endmacro %}

{#- Whether a row of alert_interval has come: what is told by a deadline when that is over, and silence when it ended. -#}
{% macro is_due() -%}
    opened_at <= now() + {{ clock_tolerance() }}
        and (opened_at <= now() or kind not in ('stale', 'missing', 'clock_ahead'))
        and (kind <> 'stale' or closed_at <= now() + {{ clock_tolerance() }})
{%- endmacro %}

{#- When a row of alert_interval counts as closed, also where its closing was told ahead of the clock. -#}
{% macro is_closed() -%}
    closed_at <= case when kind = 'clock_ahead' then now() else now() + {{ clock_tolerance() }} end
{%- endmacro %}

{#- Devices that are silent now, by rule; their latest reading tells it, so that no poll has to. -#}
{% macro silent_now() %}
        select
            latest.device_id,
            line.rule,
            line.kind,
            line.metric,
            line.severity,
            line.threshold,
            latest.read_at as began_at,
            latest.read_at + line.threshold * interval '1 second' as opened_at
        from {{ ref('latest_reading') }} as latest
        inner join {{ ref('alert_device') }} as listed using (device_id)
        inner join {{ alert_line_values(['stale']) }} on line.line_no = any (listed.line_nos)
        where
            latest.read_at <= now() - {{ least_stale(alert_lines() | selectattr('kind', 'equalto', 'stale') | list) }}
            and latest.until_at > now() + {{ clock_tolerance() }}
            and latest.read_at + line.threshold * interval '1 second' <= now()
{%- endmacro %}
