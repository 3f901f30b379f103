{{ config(materialized='view') }}

-- Asked every few seconds: one index scan of a table with a row a device.
-- The limit makes it look up the assets of the alerts only; a join would read all assets.
select
    latest.device_id,
    asset.device_uuid,
    asset.description as site,
    asset.state,
    latest.state_of_charge_percent,
    latest.state_of_charge_percent_at as read_at,
    now() - latest.state_of_charge_percent_at as age
from {{ ref('battery_latest') }} as latest
cross join lateral (
    select device_uuid, description, state
    from {{ ref('asset') }}
    where device_id = latest.device_id
    limit 1
) as asset
where latest.state_of_charge_percent < {{ var('alert_state_of_charge_percent', 20) }}
