{{ config(
    materialized='incremental',
    incremental_strategy='merge',
    unique_key='device_id',
    parallel_by='device_uuid',
    on_window='rerun',
    on_schema_change='append_new_columns',
    indexes=[{'columns': ['state_of_charge_percent']}],
    post_hook='{{ describe_columns(latest_descriptions()) }}'
) }}
{%- set metrics = metrics() %}
{%- set known_columns = column_names(this) %}

-- One row a device: the latest value of each gauge, and when it was read.
with touched as (
    select
        device.device_id,
        timestamptz 'epoch' + lower(range_agg(response.touched_hours)) * interval '1 hour' as touched_from,
        timestamptz 'epoch' + upper(range_agg(response.touched_hours)) * interval '1 hour' as touched_to
    from {{ new_rows(source('raw', 'telemetry_response')) }} as response
    inner join {{ ref('device') }} as device using (device_uuid)
    where not isempty(response.touched_hours)
    group by device.device_id
),

-- device by device, since a join would read whole chunks that have no statistics yet
fresh as (
    select
        touched.device_id,
        latest.*
    from touched
    cross join lateral (
        select
            max(telemetry.ts) as read_at
            {%- for metric in metrics %}{% if metric.kind == 'gauge' %},
            last(telemetry.{{ metric.column_name }}, telemetry.ts)
                filter (where telemetry.{{ metric.column_name }} is not null) as {{ metric.column_name }},
            max(telemetry.ts) filter (where telemetry.{{ metric.column_name }} is not null) as {{ metric.column_name }}_at
            {%- endif %}{% endfor %}
        from {{ ref('battery_telemetry') }} as telemetry
        where
            telemetry.device_id = touched.device_id
            and telemetry.ts >= touched.touched_from
            and telemetry.ts < touched.touched_to
    ) as latest
    where latest.read_at is not null
)

select
    fresh.device_id,
    {% if is_incremental() %}greatest(fresh.read_at, known.read_at){% else %}fresh.read_at{% endif %} as read_at
    {%- for metric in metrics %}{% if metric.kind == 'gauge' %}
    {%- set column = metric.column_name %},
    {%- if is_incremental() and column in known_columns %}
    case when known.{{ column }}_at > fresh.{{ column }}_at or fresh.{{ column }}_at is null
        then known.{{ column }} else fresh.{{ column }} end as {{ column }},
    greatest(known.{{ column }}_at, fresh.{{ column }}_at) as {{ column }}_at
    {%- else %}
    fresh.{{ column }},
    fresh.{{ column }}_at
    {%- endif %}
    {%- endif %}{% endfor %}
from fresh
{%- if is_incremental() %}
left join {{ this }} as known using (device_id)
{%- endif %}
