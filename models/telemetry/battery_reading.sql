{{ config(materialized='view') }}

-- The readings as the vendor tells them: its UUIDs, its series names, its units.
select
    device.device_id,
    device.device_uuid,
    metric.series,
    telemetry.ts,
    metric.value
from {{ ref('battery_telemetry') }} as telemetry
inner join {{ ref('device') }} as device using (device_id)
cross join lateral (
    values
    {%- for metric in metrics() %}
    ('{{ dbt.escape_single_quotes(metric.vendor_series) }}', trim_scale(telemetry.{{ metric.column_name }}::numeric / {{ metric.scale }})){{ ',' if not loop.last }}
    {%- endfor %}
) as metric (series, value)
where metric.value is not null
