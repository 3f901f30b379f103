{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='device_id',
    incremental_predicates=['true'],
    new_rows='at_once',
    on_window='rerun',
    on_schema_change='append_new_columns',
    indexes=[{'columns': ['device_id', 'read_at'], 'unique': true}, {'columns': ['read_at']}],
    post_hook=[
        'delete from {{ this }} where read_at is null',
        '{{ describe_columns(latest_descriptions()) }}',
    ]
) }}
{%- set gauges = metrics() | selectattr('kind', 'equalto', 'gauge') | list %}
{%- set known_columns = column_names(this) %}
{%- set cut = '(now() + ' ~ clock_tolerance() ~ ')' %}

-- The latest value of each gauge and its time: a row a device as of now, and one for each reading
-- that is still ahead of the clock, as of then: battery_latest takes the last one that is due.
-- The predicate `true` tells that a device may have several rows.
with touched as (
    {%- if is_incremental() %}
    {{ touched_times(new_rows(source('raw', 'telemetry_response')), ref('device')) }}
    {%- else %}
    select device_id, timestamptz '-infinity' as from_at, timestamptz 'infinity' as to_at
    from {{ ref('device') }}
    {%- endif %}
),

-- what holds still: read before or after what the new responses touch
known as (
    select
        touched.device_id,
        touched.from_at,
        touched.to_at,
        {% if is_incremental() -%}
        touched.to_at > {{ cut }} or exists (
            select from {{ this }} as later
            where later.device_id = touched.device_id and later.read_at > {{ cut }}
        ) as has_ahead,
        latest.read_at as known_0
        {%- else -%}
        true as has_ahead,
        null::timestamptz as known_0
        {%- endif %}
        {%- for metric in gauges %},
        {%- if is_incremental() and metric.column_name in known_columns %}
        latest.{{ metric.column_name }} as value_{{ loop.index }},
        latest.{{ metric.column_name }}_at as known_{{ loop.index }}
        {%- else %}
        null::{{ metric.column_type }} as value_{{ loop.index }},
        null::timestamptz as known_{{ loop.index }}
        {%- endif %}
        {%- endfor %}
    from touched
    {%- if is_incremental() %}
    left join lateral (
        select *
        from {{ this }} as candidate
        where candidate.device_id = touched.device_id and candidate.read_at <= {{ cut }}
        order by candidate.read_at desc
        limit 1
    ) as latest on true
    {%- endif %}
),

-- device by device, since a join would read whole chunks that have no statistics yet
fresh as (
    select
        known.device_id
        {%- for number in range(gauges | length + 1) %},
        {% if number > 0 %}fresh.value_{{ number }}, {% endif %}fresh.fresh_{{ number }},
        fresh.fresh_{{ number }} is null
        and {% if is_incremental() %}known.known_{{ number }} between known.from_at and known.to_at{% else %}true{% endif %} as is_gone_{{ number }}
        {%- endfor %}
    from known
    cross join lateral (
        {%- if is_incremental() %}
        select
            max(telemetry.ts) as fresh_0
            {%- for metric in gauges %},
            last(telemetry.{{ metric.column_name }}, telemetry.ts)
                filter (where telemetry.{{ metric.column_name }} is not null) as value_{{ loop.index }},
            max(telemetry.ts) filter (where telemetry.{{ metric.column_name }} is not null) as fresh_{{ loop.index }}
            {%- endfor %}
        from {{ ref('battery_telemetry') }} as telemetry
        where
            telemetry.device_id = known.device_id
            and telemetry.ts >= known.from_at
            and telemetry.ts <= least(known.to_at, {{ cut }})
        {%- else %}
        select
            null::timestamptz as fresh_0
            {%- for metric in gauges %},
            null::{{ metric.column_type }} as value_{{ loop.index }},
            null::timestamptz as fresh_{{ loop.index }}
            {%- endfor %}
        {%- endif %}
    ) as fresh
),

-- the reading before, where what was the latest is not there any more
found as (
    select
        fresh.device_id,
        gone.number,
        before.ts,
        before.value
    from fresh
    cross join lateral (
        values
        {%- for number in range(gauges | length + 1) %}
        ({{ number }}, fresh.is_gone_{{ number }}){{ ',' if not loop.last }}
        {%- endfor %}
    ) as gone (number, is_gone)
    cross join lateral (
        select
            telemetry.ts,
            case gone.number
                {%- for metric in gauges %}
                when {{ loop.index }} then telemetry.{{ metric.column_name }}::double precision
                {%- endfor %}
            end as value
        from {{ ref('battery_telemetry') }} as telemetry
        where
            telemetry.device_id = fresh.device_id
            and telemetry.ts <= {{ cut }}
            and case gone.number
                when 0 then true
                {%- for metric in gauges %}
                when {{ loop.index }} then telemetry.{{ metric.column_name }} is not null
                {%- endfor %}
            end
        order by telemetry.ts desc
        limit 1
    ) as before
    where gone.is_gone
),

latest as (
    select
        known.device_id,
        known.has_ahead,
        {{ latest_of(0, 'known_0', 'fresh_0', 'ts') }} as read_at
        {%- for metric in gauges %},
        {{ latest_of(loop.index, 'value_' ~ loop.index, 'value_' ~ loop.index, 'value') }}::{{ metric.column_type }} as {{ metric.column_name }},
        {{ latest_of(loop.index, 'known_' ~ loop.index, 'fresh_' ~ loop.index, 'ts') }} as {{ metric.column_name }}_at
        {%- endfor %}
    from known
    inner join fresh using (device_id)
    left join (
        select
            device_id
            {%- for number in range(gauges | length + 1) %},
            max(ts) filter (where number = {{ number }}) as ts_{{ number }},
            max(value) filter (where number = {{ number }}) as value_{{ number }}
            {%- endfor %}
        from found
        group by device_id
    ) as found using (device_id)
),

ahead as (
    select
        latest.device_id,
        telemetry.ts as read_at
        {%- for metric in gauges %},
        (max(array[extract(epoch from telemetry.ts) * 1e6, telemetry.{{ metric.column_name }}]::double precision [])
            filter (where telemetry.{{ metric.column_name }} is not null) over as_of)[2]::{{ metric.column_type }} as {{ metric.column_name }},
        max(telemetry.ts) filter (where telemetry.{{ metric.column_name }} is not null) over as_of as {{ metric.column_name }}_at
        {%- endfor %}
    from latest
    cross join lateral (
        select *
        from {{ ref('battery_telemetry') }} as reading
        where reading.device_id = latest.device_id and reading.ts > {{ cut }}
    ) as telemetry
    where latest.has_ahead
    window as_of as (partition by latest.device_id order by telemetry.ts)
)

select
    device_id,
    read_at,
    lead(read_at, 1, 'infinity') over (partition by device_id order by read_at nulls first) as until_at
    {%- for metric in gauges %},
    {{ metric.column_name }},
    {{ metric.column_name }}_at
    {%- endfor %}
from (
    select
        device_id,
        read_at
        {%- for metric in gauges %},
        {{ metric.column_name }},
        {{ metric.column_name }}_at
        {%- endfor %}
    from latest

    union all

    select
        ahead.device_id,
        ahead.read_at
        {%- for metric in gauges %},
        case when ahead.{{ metric.column_name }}_at is null then latest.{{ metric.column_name }} else ahead.{{ metric.column_name }} end,
        coalesce(ahead.{{ metric.column_name }}_at, latest.{{ metric.column_name }}_at)
        {%- endfor %}
    from ahead
    inner join latest using (device_id)
) as candidate
