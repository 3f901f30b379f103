{#-
  From when until when the new responses of a device have readings: device_id, from_at and to_at, both
  inside. Those that landed before belt noted times tell them by the hour.
-#}
{% macro touched_times(response, device) %}
    select
        device.device_id,
        min(coalesce(
            response.first_reading_at,
            timestamptz 'epoch' + lower(response.touched_hours) * interval '1 hour'
        )) as from_at,
        max(coalesce(
            response.last_reading_at,
            timestamptz 'epoch' + upper(response.touched_hours) * interval '1 hour'
        )) as to_at
    from {{ response }} as response
    inner join {{ device }} as device using (device_uuid)
    where not isempty(response.touched_hours)
    group by device.device_id
{% endmacro %}

{#-
  In latest_reading: what is latest of gauge `number`, by its three columns: what is found in place of
  what is gone, else the later one of the fresh and the known one.
-#}
{% macro latest_of(number, known_column, fresh_column, found_column) -%}
    case
            when fresh.is_gone_{{ number }} then found.{{ found_column }}_{{ number }}
            when known.known_{{ number }} is null or fresh.fresh_{{ number }} > known.known_{{ number }}
                or known.known_{{ number }} between known.from_at and known.to_at then fresh.{{ fresh_column }}
            else known.{{ known_column }}
        end
{%- endmacro %}
