{{ config(materialized='view') }}

-- One row a reading of every response, judged. Filter it on response_id or batch_id.
--
-- `trusted` spares readings a check of their own: landing saw that all elements of the series are
-- pairs of numbers with possible times, and their range is inside the catalogue's.
-- OFFSET 0 fences the series, so that readings do not carry whole documents along.
select
    response.response_id,
    response.batch_id,
    response.landed_at,
    response.device_uuid,
    response.ordered,
    series.series_position,
    series.vendor_series,
    series.metric_id,
    series.regular,
    series.trusted,
    series.clock,
    reading.position,
    reading.element,
    judged.reject_reason,
    case
        when judged.reject_reason is null then (reading.element ->> 0)::double precision::bigint
    end as ts_ms,
    case
        when judged.reject_reason is not null then null
        when series.regular then (reading.element ->> 1)::double precision * series.scale
        -- rounded, since a double cannot hold what is nearly nothing, such as 1e-400
        else round((reading.element -> 1)::numeric, 12)::double precision * series.scale
    end as value
from {{ source('raw', 'telemetry_response') }} as response
cross join lateral (
    select
        entry.position as series_position,
        entry.body ->> 'name' as vendor_series,
        metric.metric_id,
        metric.scale,
        metric.range_min,
        metric.range_max,
        coalesce((entry.profile ->> 'irregular')::bigint = 0, false) as regular,
        coalesce(
            (entry.profile ->> 'irregular')::bigint = 0
            and (entry.profile ->> 'min')::double precision >= metric.range_min
            and (entry.profile ->> 'max')::double precision <= metric.range_max,
            false
        ) as trusted,
        (entry.profile ->> 'clock')::integer as clock,
        entry.body -> 'data' as data
    from rows from (
        jsonb_array_elements(response.body -> 'series'),
        jsonb_array_elements(response.profile)
    ) with ordinality as entry (body, profile, position)
    left join {{ ref('metric_catalog') }} as metric
        on metric.vendor_series = entry.body ->> 'name'
    offset 0
) as series
cross join lateral jsonb_array_elements(series.data)
    with ordinality as reading (element, position)
cross join lateral (
    select
        case
            when series.trusted then null
            when jsonb_typeof(reading.element) <> 'array' then 'malformed'
            when jsonb_array_length(reading.element) <> 2 then 'malformed'
            when jsonb_typeof(reading.element -> 0) <> 'number' then 'timestamp_not_a_number'
            when (reading.element -> 0)::numeric < 946684800000 then 'timestamp_before_2000'
            when (reading.element -> 0)::numeric
                > (extract(epoch from response.landed_at) + 86400) * 1000 then 'timestamp_in_the_future'
            when (reading.element -> 0)::numeric % 1 <> 0 then 'timestamp_not_in_milliseconds'
            when jsonb_typeof(reading.element -> 1) <> 'number' then 'value_not_a_number'
            when (reading.element -> 1)::numeric < series.range_min
                or (reading.element -> 1)::numeric > series.range_max then 'value_out_of_range'
        end as reject_reason
) as judged
