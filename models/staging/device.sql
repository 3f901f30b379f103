{{ config(
    materialized='incremental',
    incremental_strategy='append',
    unique_key='device_uuid',
    full_refresh=false,
    indexes=[{'columns': ['device_id'], 'unique': true}]
) }}

-- The small keys that stand for the vendor's UUIDs in the hypertable. They are given in the order
-- of landing and never change, so a full refresh leaves them alone.
with seen as (
    select device_uuid, response_id, position from {{ new_rows(ref('stg_asset')) }} as asset
    union all
    select device_uuid, response_id, 1 from {{ new_rows(source('raw', 'telemetry_response')) }} as response
),

first_seen as (
    select distinct on (device_uuid) device_uuid, response_id, position
    from seen
    order by device_uuid, response_id, position
)

select
    (
        {% if is_incremental() %}(select coalesce(max(device_id), 0) from {{ this }}) +{% endif %}
        row_number() over (order by response_id, position, device_uuid)
    )::integer as device_id,
    device_uuid
from first_seen
{% if is_incremental() %}
where not exists (
    select from {{ this }} as known where known.device_uuid = first_seen.device_uuid
)
{% endif %}
