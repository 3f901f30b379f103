{#- Dates and times: what they are now, their parts, and their distances. -#}

{% macro current_timestamp() %}now(){% endmacro %}
{% macro current_timestamp_backcompat() %}current_timestamp::timestamp{% endmacro %}
{% macro current_timestamp_in_utc_backcompat() %}(current_timestamp at time zone 'utc')::timestamp{% endmacro %}
{% macro snapshot_get_time() %}now()::timestamp without time zone{% endmacro %}

{% macro date(year, month, day) %}make_date({{ year }}, {{ month }}, {{ day }}){% endmacro %}
{% macro date_trunc(datepart, date) %}date_trunc('{{ datepart }}', {{ date }}){% endmacro %}
{% macro dateadd(datepart, interval, from_date_or_timestamp) %}{{ from_date_or_timestamp }} + (interval '{{ _one(datepart) }}' * ({{ interval }})){% endmacro %}
{% macro last_day(date, datepart) %}(date_trunc('{{ datepart }}', {{ date }}) + interval '{{ _one(datepart) }}' - interval '1 day')::date{% endmacro %}
{#- One of a part, as an interval has it: it knows no quarters. -#}
{% macro _one(datepart) %}{{ return('3 month' if datepart == 'quarter' else '1 ' ~ datepart) }}{% endmacro %}

{#- How many borders of a part lie between two times, such as midnights for days. -#}
{% macro datediff(first_date, second_date, datepart) %}
{%- set seconds = {'microsecond': 0.000001, 'millisecond': 0.001, 'second': 1, 'minute': 60, 'hour': 3600, 'day': 86400, 'week': 604800} -%}
{%- set months = {'month': 1, 'quarter': 3, 'year': 12} -%}
{%- set part = 'microseconds' if datepart == 'microsecond' else 'milliseconds' if datepart == 'millisecond' else datepart -%}
{%- if datepart in seconds -%}
(extract(epoch from date_trunc('{{ part }}', ({{ second_date }})::timestamp) - date_trunc('{{ part }}', ({{ first_date }})::timestamp)) / {{ seconds[datepart] }})::bigint
{%- elif datepart in months -%}
(((extract(year from date_trunc('{{ datepart }}', ({{ second_date }})::timestamp)) - extract(year from date_trunc('{{ datepart }}', ({{ first_date }})::timestamp))) * 12
+ extract(month from date_trunc('{{ datepart }}', ({{ second_date }})::timestamp)) - extract(month from date_trunc('{{ datepart }}', ({{ first_date }})::timestamp))) / {{ months[datepart] }})::bigint
{%- else -%}
{{ exceptions.raise_compiler_error('datediff() does not know the datepart ' ~ datepart) }}
{%- endif -%}
{% endmacro %}

{#- A row for each part from a date up to, but without, another; the column is date_<datepart>. -#}
{% macro date_spine(datepart, start_date, end_date) %}
select {{ dbt.dateadd(datepart, 'step', '(' ~ start_date ~ ')') }} as date_{{ datepart }}
from generate_series(0, {{ dbt.datediff(start_date, end_date, datepart) }} - 1) as step
{% endmacro %}

{#- A number, asked of the database: datediff() while compiling. -#}
{% macro get_intervals_between(start_date, end_date, datepart) %}
    {%- if not execute -%}{{ return(0) }}{%- endif -%}
    {{ return(run_query('select ' ~ dbt.datediff(start_date, end_date, datepart)).columns[0].values()[0]) }}
{% endmacro %}
