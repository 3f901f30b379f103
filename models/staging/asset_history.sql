{{ config(
    materialized='incremental',
    incremental_strategy='merge',
    unique_key=['device_id', 'valid_from']
) }}

-- What the vendor said of each asset, as intervals of validity; the open one has no valid_to.
with observation as (
    select distinct on (device.device_id, asset.landed_at)
        device.device_id,
        asset.landed_at as observed_at,
        asset.description,
        asset.state
    from {{ new_rows(ref('stg_asset')) }} as asset
    inner join {{ ref('device') }} as device using (device_uuid)
    order by device.device_id, asset.landed_at, asset.response_id desc, asset.position desc
),

known as (
    select device_id, observed_at, description, state from observation
    {% if is_incremental() %}
    union all
    select device_id, valid_from, description, state
    from {{ this }}
    where
        valid_to is null
        and device_id in (select device_id from observation)
        and (device_id, valid_from) not in (select device_id, observed_at from observation)
    {% endif %}
),

compared as (
    select
        *,
        lag(device_id) over of_device is null
            or (description, state) is distinct from
            (lag(description) over of_device, lag(state) over of_device) as changed
    from known
    window of_device as (partition by device_id order by observed_at)
)

select
    device_id,
    observed_at as valid_from,
    lead(observed_at) over (partition by device_id order by observed_at) as valid_to,
    description,
    state
from compared
where changed
