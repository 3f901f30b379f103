{{ config(
    materialized='incremental',
    incremental_strategy='upsert',
    unique_key=['device_id', 'resource_path', 'listed_from'],
    new_rows='at_once'
) }}

-- From when until when each page of assets listed a device; the open interval has no listed_to.
with landing as (
    select distinct resource_path, landed_at
    from {{ new_rows(source('raw', 'asset_response')) }} as response
),

listed as (
    select distinct device.device_id, asset.resource_path, asset.landed_at
    from {{ new_rows(ref('stg_asset')) }} as asset
    inner join {{ ref('device') }} as device using (device_uuid)
),

known as (
    {% if is_incremental() -%}
    select device_id, resource_path, listed_from
    from {{ this }}
    where listed_to is null and resource_path in (select resource_path from landing)
    {%- else -%}
    select null::integer as device_id, null::text as resource_path, null::timestamptz as listed_from
    where false
    {%- endif %}
),

member as (
    select device_id, resource_path from listed
    union
    select device_id, resource_path from known
),

told as (
    select device_id, resource_path, listed_from as at, true as is_listed
    from known

    union all

    -- a response that was processed before tells nothing new
    select
        member.device_id,
        member.resource_path,
        landing.landed_at,
        listed.device_id is not null
    from member
    inner join landing using (resource_path)
    left join listed using (device_id, resource_path, landed_at)
    left join known using (device_id, resource_path)
    where known.listed_from is null or landing.landed_at > known.listed_from
),

changed as (
    select *
    from (
        select *, lag(is_listed, 1, false) over (partition by device_id, resource_path order by at) as was_listed
        from told
    ) as compared
    where is_listed <> was_listed
)

select device_id, resource_path, at as listed_from, next_at as listed_to
from (
    select *, lead(at) over (partition by device_id, resource_path order by at) as next_at
    from changed
) as interval_of
where is_listed
