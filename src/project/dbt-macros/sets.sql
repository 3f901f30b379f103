{#- Aggregates, comparisons, sets of rows, and arrays. -#}

{% macro any_value(expression) %}min({{ expression }}){% endmacro %}
{% macro bool_or(expression) %}bool_or({{ expression }}){% endmacro %}

{% macro listagg(measure, delimiter_text="','", order_by_clause=none, limit_num=none) %}
{%- if limit_num -%}
array_to_string((array_agg({{ measure }}{{ ' ' ~ order_by_clause if order_by_clause }}))[1:{{ limit_num }}], {{ delimiter_text }})
{%- else -%}
string_agg({{ measure }}, {{ delimiter_text }}{{ ' ' ~ order_by_clause if order_by_clause }})
{%- endif -%}
{% endmacro %}

{#- Whether two values are the same; two nulls are. -#}
{% macro equals(expr1, expr2) %}(({{ expr1 }}) is not distinct from ({{ expr2 }})){% endmacro %}

{% macro except() %}except{% endmacro %}
{% macro intersect() %}intersect{% endmacro %}

{#- Rows from 1 to a number, in the column generated_number. -#}
{% macro generate_series(upper_bound) %}
select generated_number from generate_series(1, {{ upper_bound }}) as generated (generated_number)
{% endmacro %}

{#- The powers of two that a number is below the sum of: 3 for 5. -#}
{% macro get_powers_of_two(upper_bound) %}
    {%- if upper_bound <= 0 -%}{{ exceptions.raise_compiler_error('upper bound must be positive') }}{%- endif -%}
    {%- for power in range(1, 100) -%}
        {%- if upper_bound <= 2 ** power -%}{{ return(power) }}{%- endif -%}
    {%- endfor -%}
{% endmacro %}

{% macro array_construct(inputs=[], data_type='integer') %}
{%- if inputs -%}array[{{ inputs | join(', ') }}]{%- else -%}array[]::{{ data_type }}[]{%- endif -%}
{% endmacro %}
{% macro array_append(array, new_element) %}array_append({{ array }}, {{ new_element }}){% endmacro %}
{% macro array_concat(array_1, array_2) %}array_cat({{ array_1 }}, {{ array_2 }}){% endmacro %}
