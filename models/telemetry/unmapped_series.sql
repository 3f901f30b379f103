{{ config(
    materialized='incremental',
    incremental_strategy='merge',
    unique_key='vendor_series',
    post_hook='delete from {{ this }} where vendor_series in (select vendor_series from {{ ref("metric_catalog") }})'
) }}

-- Series that the metric catalogue does not know. Their readings stay in raw until it does.
with seen as (
    select
        series.name as vendor_series,
        sum(series.readings)::bigint as readings,
        min(response.landed_at) as first_landed_at,
        max(response.landed_at) as last_landed_at
    from {{ new_rows(source('raw', 'telemetry_response')) }} as response
    cross join lateral jsonb_to_recordset(response.profile) as series (name text, readings bigint)
    left join {{ ref('metric_catalog') }} as metric on metric.vendor_series = series.name
    where metric.vendor_series is null
    group by series.name

    {% if is_incremental() %}
    union all
    select vendor_series, readings, first_landed_at, last_landed_at from {{ this }}
    {% endif %}
)

select
    vendor_series,
    sum(readings)::bigint as readings,
    min(first_landed_at) as first_landed_at,
    max(last_landed_at) as last_landed_at
from seen
group by vendor_series
