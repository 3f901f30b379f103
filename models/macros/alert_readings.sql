{#- The kinds of rules that judge each reading by a value. -#}
{% macro value_kinds() %}{{ return(['below', 'above', 'deviates', 'counter_backwards']) }}{% endmacro %}

{#- Of the lines of alert_rule.csv the first of each rule and metric: what they look at is the same. -#}
{% macro value_checks() %}
    {%- set first = {} -%}
    {%- for line in alert_lines() if line.kind in value_kinds() and line.check not in first -%}
        {%- do first.update({line.check: line}) -%}
    {%- endfor -%}
    {{ return(first.values() | list) }}
{% endmacro %}

{#- What the check `number` looks at in a row `reading`, as one value; null where it is not told. -#}
{% macro measure_of(number, reading) -%}
    case {{ number }}
        {%- for line in value_checks() %}
        when {{ line.check }} then ({{ alert_measure(line, reading) }})::double precision
        {%- endfor %}
        else null::double precision
    end
{%- endmacro %}

{#- Whether a row `reading` tells what the check `number` looks at. -#}
{% macro is_measured(number, reading) -%}
    case {{ number }}
        {%- for line in value_checks() %}
        when {{ line.check }} then ({{ alert_measure(line, reading) }}) is not null
        {%- endfor %}
        else false
    end
{%- endmacro %}

{#-
  CTEs that judge the readings of `suspects` from read_from to read_to. `<name>_run` has a row a run of
  readings that fire or clear one after the other: the first that confirms it, and the worst, each of
  those from changed_from on. `<name>_change` has the runs by which an alert opens (is_open) or closes.
-#}
{% macro judged_readings(name, suspects) %}
{{ name }}_run as materialized (
    select
        suspect.device_id,
        suspect.check_no,
        suspect.was_open,
        run.*
    from {{ suspects }} as suspect
    cross join lateral (
        select
            began_at,
            signal = 1 as is_open,
            min(ts) filter (where is_confirmed) as confirmed_at,
            first(level, ts) filter (where is_confirmed) as confirmed_level,
            max(array[level, -extract(epoch from ts)]) filter (where signal = 1 and ts >= suspect.changed_from) as worst,
            max(array[level, -extract(epoch from ts)]) filter (where signal = 1 and is_confirmed) as confirmed_worst
        from (
            select
                *,
                ts >= suspect.changed_from
                and ts - began_at >= case when signal = 1 then suspect.for_time else suspect.clear_for_time end as is_confirmed
            from (
                select *, max(case when is_first then ts end) over (order by ts) as began_at
                from (
                    select *, signal is distinct from lag(signal) over (order by ts) as is_first
                    from (
                        select
                            ts,
                            level,
                            case
                                when level > suspect.sign * suspect.threshold then 1
                                when level <= suspect.sign * suspect.clear_threshold or level is null then -1
                                else 0
                            end as signal
                        from (
                            select
                                ts,
                                case
                                    when suspect.kind = 'counter_backwards' then lag(measure) over (order by ts) - measure
                                    else suspect.sign * measure
                                end as level
                            from (
                                select reading.ts, {{ measure_of('suspect.check_no', 'reading') }} as measure
                                from {{ ref('battery_telemetry') }} as reading
                                where
                                    reading.device_id = suspect.device_id
                                    and reading.ts >= suspect.read_from
                                    and reading.ts <= suspect.read_to
                            ) as told
                            where measure is not null
                        ) as levelled
                    ) as judged
                ) as compared
            ) as in_run
        ) as confirmed
        where signal <> 0
        group by began_at, signal
    ) as run
),

{{ name }}_change as (
    select *, lead(confirmed_at) over (partition by device_id, check_no order by confirmed_at) as next_at
    from (
        select *, lag(is_open, 1, was_open) over (partition by device_id, check_no order by confirmed_at) as was
        from {{ name }}_run
        where confirmed_at is not null
    ) as in_order
    where is_open <> was
)
{%- endmacro %}

{#- The shortest silence that a rule of the kind stale tells of, as an interval. -#}
{% macro least_stale(lines) -%}
    {%- if lines | length == 0 -%}
    interval '1000 years'
    {%- else -%}
    least({% for line in lines %}{{ line.threshold }}{{ ', ' if not loop.last }}{% endfor %}) * interval '1 second'
    {%- endif -%}
{%- endmacro %}

{#- No row, of the columns of alert_interval that decide. -#}
{% macro no_alert() %}
    select *
    from (
        select
            null::integer as device_id, null::text as rule, null::text as metric, null::text as kind,
            null::text as severity, null::double precision as threshold, null::timestamptz as began_at,
            null::timestamptz as opened_at, null::timestamptz as closed_at, null::double precision as value,
            null::double precision as extreme, null::timestamptz as extreme_at, null::timestamptz as withdrawn_at,
            null::text as revision, null::timestamptz as revised_at, null::timestamptz as recorded_at
    ) as nothing
    where false
{%- endmacro %}
