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
    sql_header='set local enable_sort = off; set local enable_memoize = off',
    compression={'after': '7 days', 'segmentby': ['device_id'], 'orderby': ['ts']},
    retention_policy='10 years',
    post_hook='{{ describe_columns(telemetry_descriptions()) }}'
) }}
{%- set metrics = metrics() %}

{%- set responses = new_rows(source('raw', 'telemetry_response')) %}

-- Sorting and memoizing are off since the planner, which can't see into jsonb, would sort readings by
-- the million, and keep documents by the thousand.
--
-- One row a device and time. A later response wins, column by column: what it does not tell stays.
with placed as (
    select
        response_id,
        clocks,
        -- of what was landed before this was noted, it may be any time
        coalesce(first_reading_at, '-infinity') <= max(coalesce(last_reading_at, 'infinity'))
            over (of_device rows between unbounded preceding and 1 preceding)
        or coalesce(last_reading_at, 'infinity') >= lead(coalesce(first_reading_at, '-infinity'))
            over of_device as meets_another
    from {{ responses }} as response
    where readings > 0
    window of_device as (
        partition by device_uuid
        order by coalesce(first_reading_at, '-infinity'), response_id
    )
),

-- Responses whose times are theirs alone, and those of one clock, are nearly all: what zipped() gives
-- of them are rows as they stay. The rows of others have to be put together.
scattered as (
    select response_id, clocks from placed where clocks is distinct from 1 or meets_another
),

-- "is true" keeps these conditions filters of responses: as joins, they would be ones of readings
told as (
    {{ zipped(responses, '(response.response_id in (select response_id from scattered)) is true') | indent(4) }}

    union all

    select
        response_id,
        device_uuid,
        ts_ms
        {%- for metric in metrics %},
        case when metric_id = {{ metric.metric_id }} then value end
        {%- endfor %}
    from (
        select response_id, device_uuid, metric_id, ts_ms, value
        from {{ new_rows(ref('stg_reading')) }} as reading
        where
            exists (select from scattered where clocks is null)
            and (response_id in (select response_id from scattered where clocks is null)) is true
            and clock is null
            and ordered
            and metric_id is not null
            and reject_reason is null

        union all

        -- a response that tells a reading twice: the last one counts
        (
            select distinct on (response_id, metric_id, ts_ms)
                response_id, device_uuid, metric_id, ts_ms, value
            from {{ new_rows(ref('stg_reading')) }} as reading
            where
                exists (select from scattered where clocks is null)
                and (response_id in (select response_id from scattered where clocks is null)) is true
                and clock is null
                and not ordered
                and metric_id is not null
                and reject_reason is null
            order by response_id, metric_id, ts_ms, series_position desc, position desc
        )
    ) as reading
),

pivoted as materialized (
    select
        response_id,
        device_uuid,
        ts_ms
        {%- for metric in metrics %},
        max({{ metric.column_name }}) as {{ metric.column_name }}
        {%- endfor %}
    from told
    group by response_id, device_uuid, ts_ms
),

duplicated as (
    select device_uuid, ts_ms
    from pivoted
    group by device_uuid, ts_ms
    having count(*) > 1
),

latest as (
    {{ zipped(responses, 'response.response_id not in (select response_id from scattered)') | indent(4) }}

    union all

    select
        response_id,
        device_uuid,
        ts_ms
        {%- for metric in metrics %},
        {{ metric.column_name }}
        {%- endfor %}
    from pivoted
    where (device_uuid, ts_ms) not in (select device_uuid, ts_ms from duplicated)

    union all

    select
        max(response_id),
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
