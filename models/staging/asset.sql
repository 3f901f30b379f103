{{ config(materialized='view') }}

select
    device.device_id,
    device.device_uuid,
    history.description,
    history.state,
    history.valid_from as state_since
from {{ ref('device') }} as device
left join {{ ref('asset_history') }} as history
    on history.device_id = device.device_id and history.valid_to is null
