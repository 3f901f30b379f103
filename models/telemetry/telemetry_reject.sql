{{ config(materialized='incremental', incremental_strategy='append') }}

-- Readings that can't be, with the reason and the element as the vendor sent it.
with suspect as (
    select distinct response.response_id
    from {{ new_rows(source('raw', 'telemetry_response')) }} as response
    cross join lateral jsonb_to_recordset(response.profile)
        as series (name text, readings bigint, irregular bigint, min double precision, max double precision)
    inner join {{ ref('metric_catalog') }} as metric on metric.vendor_series = series.name
    where
        series.readings > 0
        and (
            series.irregular > 0
            or coalesce(series.min < metric.range_min or series.max > metric.range_max, true)
        )
)

select
    reading.response_id,
    reading.device_uuid,
    reading.vendor_series,
    reading.position,
    reading.element,
    reading.reject_reason as reason,
    reading.landed_at
from {{ ref('stg_reading') }} as reading
where
    -- an array, which leads to the few responses by their key; a join would unnest all of raw
    reading.response_id = any (array(select response_id from suspect))
    and reading.metric_id is not null
    and not reading.trusted
    and reading.reject_reason is not null
