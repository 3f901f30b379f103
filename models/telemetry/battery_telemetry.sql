{{ config(
    materialized='hypertable',
    main_dimension='ts',
    chunk_time_interval='auto',
    create_default_indexes=false,
    unique_key=['device_id', 'ts'],
    incremental_strategy='upsert',
    upsert_keeps_when_null=true,
    on_schema_change='append_new_columns',
    parallel_by='device_uuid',
    sql_header='set local enable_sort = off',
    compression={'after': '7 days', 'segmentby': ['device_id'], 'orderby': ['ts']},
    retention_policy='10 years',
    post_hook='{{ describe_columns(telemetry_descriptions()) }}'
) }}
{%- set metrics = metrics() %}

-- Sorting is off since the planner, which can't see into jsonb, would sort readings by the million.
--
-- One row a device and time. A later response wins, column by column: what it does not tell stays.
with reading as (
    select response_id, device_uuid, metric_id, ts_ms, value
    from {{ new_rows(ref('stg_reading')) }} as reading
    where ordered and metric_id is not null and reject_reason is null

    union all

    -- a response that tells a reading twice: the last one counts
    (
        select distinct on (response_id, metric_id, ts_ms)
            response_id, device_uuid, metric_id, ts_ms, value
        from {{ new_rows(ref('stg_reading')) }} as reading
        where not ordered and metric_id is not null and reject_reason is null
        order by response_id, metric_id, ts_ms, series_position desc, position desc
    )
),

pivoted as materialized (
    select
        response_id,
        device_uuid,
        ts_ms
        {%- for metric in metrics %},
        -- {{ metric.vendor_series }} times {{ metric.scale }}
        max(value) filter (where metric_id = {{ metric.metric_id }}) as {{ metric.column_name }}
        {%- endfor %}
    from reading
    group by response_id, device_uuid, ts_ms
),

duplicated as (
    select device_uuid, ts_ms
    from pivoted
    group by device_uuid, ts_ms
    having count(*) > 1
),

latest as (
    select
        device_uuid,
        ts_ms
        {%- for metric in metrics %},
        {{ metric.column_name }}
        {%- endfor %}
    from pivoted
    where (device_uuid, ts_ms) not in (select device_uuid, ts_ms from duplicated)

    union all

    select
        device_uuid,
        ts_ms
        {%- for metric in metrics %},
        last({{ metric.column_name }}, response_id)
            filter (where {{ metric.column_name }} is not null) as {{ metric.column_name }}
        {%- endfor %}
    from pivoted
    where (device_uuid, ts_ms) in (select device_uuid, ts_ms from duplicated)
    group by device_uuid, ts_ms
)

-- ts stands before device_id, or padding takes 8 bytes of each row
select
    'epoch'::timestamptz + latest.ts_ms * interval '1 millisecond' as ts,
    device.device_id
    {%- for metric in metrics %},
    {% if metric.column_type in ['integer', 'bigint', 'smallint'] -%}
    round(latest.{{ metric.column_name }})::{{ metric.column_type }}
    {%- else -%}
    latest.{{ metric.column_name }}::{{ metric.column_type }}
    {%- endif %} as {{ metric.column_name }}
    {%- endfor %}
from latest
inner join {{ ref('device') }} as device using (device_uuid)
