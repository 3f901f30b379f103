/** Macros that every project has: dbt's data tests and its SQL helpers, for PostgreSQL. */
export const DBT_MACROS = `
{% test unique(model, column_name) %}
select {{ column_name }} as unique_field, count(*) as n_records
from {{ model }}
where {{ column_name }} is not null
group by {{ column_name }}
having count(*) > 1
{% endtest %}

{% test not_null(model, column_name) %}
select * from {{ model }} where {{ column_name }} is null
{% endtest %}

{% test accepted_values(model, column_name, values, quote=true) %}
select {{ column_name }} as value_field, count(*) as n_records
from {{ model }}
where {{ column_name }} not in (
    {%- for value in values %}{% if quote %}'{{ value | string | replace("'", "''") }}'{% else %}{{ value }}{% endif %}{{ ', ' if not loop.last }}{% endfor -%}
)
group by {{ column_name }}
{% endtest %}

{% test relationships(model, column_name, to, field) %}
select child.{{ column_name }} as from_field
from {{ model }} as child
left join {{ to }} as parent on parent.{{ field }} = child.{{ column_name }}
where child.{{ column_name }} is not null and parent.{{ field }} is null
{% endtest %}

{% macro type_string() %}text{% endmacro %}
{% macro type_timestamp() %}timestamp without time zone{% endmacro %}
{% macro type_int() %}integer{% endmacro %}
{% macro type_bigint() %}bigint{% endmacro %}
{% macro type_float() %}double precision{% endmacro %}
{% macro type_numeric() %}numeric(28, 6){% endmacro %}
{% macro type_boolean() %}boolean{% endmacro %}
{% macro current_timestamp() %}now(){% endmacro %}
{% macro date_trunc(datepart, date) %}date_trunc('{{ datepart }}', {{ date }}){% endmacro %}
{% macro dateadd(datepart, interval, from_date_or_timestamp) %}{{ from_date_or_timestamp }} + (interval '1 {{ datepart }}' * ({{ interval }})){% endmacro %}
{% macro datediff(first_date, second_date, datepart) %}
{%- set seconds = {'second': 1, 'minute': 60, 'hour': 3600, 'day': 86400, 'week': 604800} -%}
{%- set months = {'month': 1, 'quarter': 3, 'year': 12} -%}
{%- if datepart in seconds -%}
(extract(epoch from date_trunc('{{ datepart }}', ({{ second_date }})::timestamp) - date_trunc('{{ datepart }}', ({{ first_date }})::timestamp)) / {{ seconds[datepart] }})::bigint
{%- elif datepart in months -%}
(((extract(year from date_trunc('{{ datepart }}', ({{ second_date }})::timestamp)) - extract(year from date_trunc('{{ datepart }}', ({{ first_date }})::timestamp))) * 12
+ extract(month from date_trunc('{{ datepart }}', ({{ second_date }})::timestamp)) - extract(month from date_trunc('{{ datepart }}', ({{ first_date }})::timestamp))) / {{ months[datepart] }})::bigint
{%- else -%}
{{ exceptions.raise_compiler_error('datediff() does not know the datepart ' ~ datepart) }}
{%- endif -%}
{% endmacro %}
{% macro last_day(date, datepart) %}(date_trunc('{{ datepart }}', {{ date }}) + interval '1 {{ datepart }}' - interval '1 day')::date{% endmacro %}
{% macro safe_cast(field, type) %}cast({{ field }} as {{ type }}){% endmacro %}
{% macro cast(field, type) %}cast({{ field }} as {{ type }}){% endmacro %}
{% macro concat(fields) %}{{ fields | join(' || ') }}{% endmacro %}
{% macro hash(field) %}md5(cast({{ field }} as text)){% endmacro %}
{% macro length(expression) %}length({{ expression }}){% endmacro %}
{% macro replace(field, old_chars, new_chars) %}replace({{ field }}, {{ old_chars }}, {{ new_chars }}){% endmacro %}
{% macro position(substring_text, string_text) %}position({{ substring_text }} in {{ string_text }}){% endmacro %}
{% macro split_part(string_text, delimiter_text, part_number) %}split_part({{ string_text }}, {{ delimiter_text }}, {{ part_number }}){% endmacro %}
{% macro string_literal(value) %}'{{ value }}'{% endmacro %}
{% macro escape_single_quotes(expression) %}{{ expression | replace("'", "''") }}{% endmacro %}
{% macro any_value(expression) %}min({{ expression }}){% endmacro %}
{% macro bool_or(expression) %}bool_or({{ expression }}){% endmacro %}
{% macro listagg(measure, delimiter_text="','", order_by_clause=none) %}string_agg({{ measure }}, {{ delimiter_text }}{{ ' ' ~ order_by_clause if order_by_clause }}){% endmacro %}
{% macro except() %}except{% endmacro %}
{% macro intersect() %}intersect{% endmacro %}
`;
