{{ config(materialized='view') }}

-- How old what is known of each site is.
select
    asset.description as site,
    count(*) as devices,
    max(latest.read_at) as newest_reading_at,
    extract(epoch from now() - max(latest.read_at))::double precision as age_seconds
from {{ ref('battery_latest') }} as latest
inner join {{ ref('asset') }} as asset using (device_id)
group by asset.description
