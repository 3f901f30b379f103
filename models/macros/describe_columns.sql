{#-
  Writes descriptions of columns of `this` into the database, where they differ from those there:
  a post-hook for models whose columns come from the metric catalogue, and so from no YAML.
-#}
{% macro describe_columns(descriptions) %}
do $belt$
declare
    wanted record;
begin
    for wanted in
        select given.column_name, given.description
        from (
            values
            {%- for column, description in descriptions.items() %}
            ('{{ column }}', '{{ dbt.escape_single_quotes(description) }}'){{ ',' if not loop.last }}
            {%- endfor %}
        ) as given (column_name, description)
        inner join pg_attribute as attribute
            on
                attribute.attrelid = '{{ dbt.escape_single_quotes(this | string) }}'::regclass
                and attribute.attname = given.column_name
        where col_description(attribute.attrelid, attribute.attnum) is distinct from given.description
    loop
        execute format(
            'comment on column %s.%I is %L',
            '{{ dbt.escape_single_quotes(this | string) }}', wanted.column_name, wanted.description
        );
    end loop;
end
$belt$
{% endmacro %}

{#- What a metric is, with its unit, such as `Power at the main grid meter [W]`. -#}
{% macro metric_label(metric) -%}
    {{ metric.description }} [{{ metric.unit }}]
{%- endmacro %}

{#- The columns of battery_telemetry. -#}
{% macro telemetry_descriptions() %}
    {%- set told = {} -%}
    {%- for metric in metrics() -%}
        {%- do told.update({metric.column_name: metric_label(metric)}) -%}
    {%- endfor -%}
    {{ return(told) }}
{% endmacro %}

{#- The columns of battery_latest. -#}
{% macro latest_descriptions() %}
    {%- set told = {} -%}
    {%- for metric in metrics() if metric.kind == 'gauge' -%}
        {%- do told.update({
            metric.column_name: 'Latest: ' ~ metric_label(metric),
            metric.column_name ~ '_at': 'Time of the reading in ' ~ metric.column_name,
        }) -%}
    {%- endfor -%}
    {{ return(told) }}
{% endmacro %}

{#- The columns of battery_hourly and battery_daily; `bucket` is hour or day. -#}
{% macro bucket_descriptions(bucket) %}
    {%- set words = {'min': 'Least', 'max': 'Greatest', 'mean': 'Mean of the readings', 'first': 'First reading', 'last': 'Last reading'} -%}
    {%- set told = {} -%}
    {%- for metric in metrics() -%}
        {%- for suffix, word in words.items() -%}
            {%- do told.update({metric.column_name ~ '_' ~ suffix: word ~ ' in the ' ~ bucket ~ ': ' ~ metric_label(metric)}) -%}
        {%- endfor -%}
        {%- do told.update({metric.column_name ~ '_readings': 'Number of readings in the ' ~ bucket ~ ': ' ~ metric.description}) -%}
    {%- endfor -%}
    {{ return(told) }}
{% endmacro %}
