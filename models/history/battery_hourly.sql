{{ config(
    materialized='continuous_aggregate',
    materialized_only=false,
    create_group_indexes=true,
    chunk_time_interval='30 days',
    refresh_policy={'start_offset': '3 months', 'end_offset': '1 hour', 'schedule_interval': '30 minutes'},
    compression={'after': '30 days'},
    retention_policy='20 years',
    post_hook='{{ describe_columns(bucket_descriptions("hour")) }}'
) }}

select
    device_id,
    time_bucket('1 hour', ts) as bucket
    {%- for metric in metrics() %}
    {%- set column = metric.column_name %}
    {%- if metric.unit == '%' %},
    min({{ column }}) as {{ column }}_min,
    max({{ column }}) as {{ column }}_max,
    avg({{ column }}) as {{ column }}_mean,
    last({{ column }}, ts) filter (where {{ column }} is not null) as {{ column }}_last,
    count({{ column }}) as {{ column }}_readings
    {%- elif metric.kind == 'gauge' %},
    min({{ column }}) as {{ column }}_min,
    max({{ column }}) as {{ column }}_max,
    avg({{ column }})::double precision as {{ column }}_mean,
    count({{ column }}) as {{ column }}_readings
    {%- else %},
    first({{ column }}, ts) filter (where {{ column }} is not null) as {{ column }}_first,
    last({{ column }}, ts) filter (where {{ column }} is not null) as {{ column }}_last,
    count({{ column }}) as {{ column }}_readings
    {%- endif %}
    {%- endfor %},
    sum(num_nonnulls(
        {%- for metric in metrics() %}{{ metric.column_name }}{{ ', ' if not loop.last }}{% endfor -%}
    ))::bigint as readings
from {{ ref('battery_telemetry') }}
group by device_id, time_bucket('1 hour', ts)
