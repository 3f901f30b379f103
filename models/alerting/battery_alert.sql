{{ config(materialized='view') }}

-- Asked every few seconds: one index scan of a table with a row a device.
select
    asset.device_uuid as device_id,
    asset.description as site,
    asset.state,
    latest.state_of_charge_percent,
    latest.state_of_charge_percent_at as read_at,
    now() - latest.state_of_charge_percent_at as age
from {{ ref('battery_latest') }} as latest
inner join {{ ref('asset') }} as asset using (device_id)
where latest.state_of_charge_percent < {{ var('alert_state_of_charge_percent', 20) }}
