{{ config(materialized='view') }}

-- One row an asset and response: what the vendor said of it, when it was landed.
select
    response.response_id,
    response.batch_id,
    response.landed_at,
    response.resource_path,
    item.position,
    (item.body ->> 'deviceId')::uuid as device_uuid,
    item.body ->> 'description' as description,
    item.body ->> 'state' as state
from {{ source('raw', 'asset_response') }} as response
cross join lateral jsonb_array_elements(response.body -> 'items')
    with ordinality as item (body, position)
