{{ config(
    materialized='continuous_aggregate',
    materialized_only=false,
    create_group_indexes=true,
    chunk_time_interval='365 days',
    refresh_policy={'start_offset': '1 year', 'end_offset': '1 day', 'schedule_interval': '1 hour'},
    compression={'after': '1 year'},
    retention_policy='30 years',
    post_hook='{{ describe_columns(bucket_descriptions("day")) }}'
) }}

select
    device_id,
    time_bucket('1 day', bucket) as bucket
    {%- for metric in metrics() %}
    {%- set column = metric.column_name %}
    {%- if metric.unit == '%' %},
    min({{ column }}_min) as {{ column }}_min,
    max({{ column }}_max) as {{ column }}_max,
    sum({{ column }}_mean * {{ column }}_readings) / nullif(sum({{ column }}_readings), 0)::double precision as {{ column }}_mean,
    last({{ column }}_last, bucket) filter (where {{ column }}_last is not null) as {{ column }}_last,
    sum({{ column }}_readings)::bigint as {{ column }}_readings
    {%- elif metric.kind == 'gauge' %},
    min({{ column }}_min) as {{ column }}_min,
    max({{ column }}_max) as {{ column }}_max,
    sum({{ column }}_mean * {{ column }}_readings) / nullif(sum({{ column }}_readings), 0)::double precision as {{ column }}_mean,
    sum({{ column }}_readings)::bigint as {{ column }}_readings
    {%- else %},
    first({{ column }}_first, bucket) filter (where {{ column }}_first is not null) as {{ column }}_first,
    last({{ column }}_last, bucket) filter (where {{ column }}_last is not null) as {{ column }}_last,
    sum({{ column }}_readings)::bigint as {{ column }}_readings
    {%- endif %}
    {%- endfor %},
    sum(readings)::bigint as readings
from {{ ref('battery_hourly') }}
group by device_id, time_bucket('1 day', bucket)
