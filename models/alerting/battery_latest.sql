{{ config(materialized='view', post_hook='{{ describe_columns(latest_descriptions()) }}') }}
{%- set gauges = metrics() | selectattr('kind', 'equalto', 'gauge') | list %}

-- A reading ahead of the clock counts from when it is due, also when nothing is landed then.
select
    device_id,
    read_at
    {%- for metric in gauges %},
    {{ metric.column_name }},
    {{ metric.column_name }}_at
    {%- endfor %}
from {{ ref('latest_reading') }}
where
    read_at <= now() + {{ clock_tolerance() }}
    and until_at > now() + {{ clock_tolerance() }}
