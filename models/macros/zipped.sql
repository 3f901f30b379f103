{#-
  The readings of series that follow a clock, side by side: one row a response, clock and time, with a
  column for each metric of the catalogue. Series with one clock have the same times in the same order,
  as landing has seen, so that their elements are taken out of the document in step. Values outside of
  the catalogue's range are null, and a row without any other is none.

  `responses` are rows of raw.telemetry_response, `condition` says which. The planner must neither sort
  nor memoize: documents would become keys.
-#}
{% macro zipped(responses, condition) %}
{%- set metrics = metrics() -%}
select
    response.response_id,
    response.device_uuid,
    (coalesce({% for metric in metrics %}reading.{{ metric.column_name }}{{ ', ' if not loop.last }}{% endfor %}) -> 0)::bigint as ts_ms
    {%- for metric in metrics %},
    -- {{ metric.vendor_series }} times {{ metric.scale }}
    {{ value_in_range(metric) }}{{ ' * ' ~ metric.scale if metric.scale != '1' }} as {{ metric.column_name }}
    {%- endfor %}
from {{ responses }} as response
-- OFFSET 0 is a fence: the document is opened once, and not for each of its series
cross join lateral (select response.body -> 'series' as series offset 0) as document
cross join lateral (
    -- where the document has the series of each metric that follow the clock
    select
        bool_and(series.min >= catalog.range_min and series.max <= catalog.range_max) as in_range
        {%- for metric in metrics %},
        (max(series.position) filter (where catalog.metric_id = {{ metric.metric_id }}))::integer - 1 as {{ metric.column_name }}
        {%- endfor %}
    from rows from (
        jsonb_to_recordset(response.profile)
            as (name text, clock integer, min double precision, max double precision)
    ) with ordinality as series (name, clock, min, max, position)
    inner join {{ ref('metric_catalog') }} as catalog on catalog.vendor_series = series.name
    where series.clock is not null
    group by series.clock
) as place
cross join lateral rows from (
    {%- for metric in metrics %}
    jsonb_array_elements(document.series -> place.{{ metric.column_name }} -> 'data'){{ ',' if not loop.last }}
    {%- endfor %}
) as reading ({% for metric in metrics %}{{ metric.column_name }}{{ ', ' if not loop.last }}{% endfor %})
where
    {{ condition }}
    and (
        place.in_range
        or num_nonnulls(
            {%- for metric in metrics %}
            {{ value_in_range(metric) }}{{ ',' if not loop.last }}
            {%- endfor %}
        ) > 0
    )
{%- endmacro %}

{% macro value_in_range(metric) -%}
case
        when place.in_range or (reading.{{ metric.column_name }} ->> 1)::double precision between {{ metric.range_min }} and {{ metric.range_max }}
            then (reading.{{ metric.column_name }} ->> 1)::double precision
    end
{%- endmacro %}
