{{ config(
    materialized='incremental',
    incremental_strategy='upsert',
    unique_key='response_id',
    event_time='landed_at',
    on_window='skip'
) }}
{%- set lines = alert_lines() | selectattr('kind', 'equalto', 'clock_ahead') | list %}

-- Responses with readings that were ahead of the clock when they were landed, by more than the least
-- threshold of a rule of the kind clock_ahead.
select
    response.response_id,
    device.device_id,
    response.landed_at,
    response.last_reading_at
from {{ new_rows(source('raw', 'telemetry_response')) }} as response
inner join {{ ref('device') }} as device using (device_uuid)
where
    {% if lines | length == 0 -%}
    false
    {%- else -%}
    response.last_reading_at > response.landed_at + least(
        {%- for line in lines %}{{ line.threshold }}{{ ', ' if not loop.last }}{% endfor -%}
    ) * interval '1 second'
    {%- endif %}
