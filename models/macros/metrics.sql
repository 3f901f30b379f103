{#-
  The lines of metric_catalog.csv. One that would mix two series, or fit no column, stops belt at
  this line of the file, before anything is written.
-#}
{% macro metrics() %}
    {%- set rows = seed_rows('metric_catalog') -%}
    {#- checked when the project was read -#}
    {%- if execute -%}{{ return(rows) }}{%- endif -%}
    {%- set seen = {'metric_id': {}, 'vendor_series': {}, 'column_name': {}} -%}
    {%- for metric in rows -%}
        {%- set fault = metric_fault(metric) -%}
        {%- if fault -%}{{ seed_error('metric_catalog', loop.index0, fault) }}{%- endif -%}
        {%- set line = loop.index0 -%}
        {%- for key, owners in seen.items() -%}
            {%- set value = metric[key] -%}
            {%- set owner = metric.column_name if key == 'vendor_series' else metric.vendor_series -%}
            {%- if value in owners -%}
                {{ seed_error('metric_catalog', line, key ~ ' ' ~ value ~ ' of ' ~ owner ~ ' is that of ' ~ owners[value] ~ ' already.') }}
            {%- endif -%}
            {%- do owners.update({value: owner}) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(rows) }}
{% endmacro %}

{#- What is wrong with a line of metric_catalog.csv by itself; none where nothing is. -#}
{% macro metric_fault(metric) %}
    {%- set largest = {'smallint': 32767, 'integer': 2147483647, 'bigint': 9.2e18} -%}
    {%- set types = ['smallint', 'integer', 'bigint', 'real', 'double precision', 'numeric'] -%}
    {%- set taken = ['ts', 'device_id', 'device_uuid', 'read_at', 'bucket', 'readings'] -%}
    {%- for key, value in metric.items() -%}
        {%- if value is none -%}{{ return(key ~ ' is empty.') }}{%- endif -%}
    {%- endfor -%}
    {%- for key in ['metric_id', 'scale', 'range_min', 'range_max'] -%}
        {%- if metric[key] | float(none) is none -%}
            {{ return(key ~ ' ' ~ metric[key] ~ ' is no number.') }}
        {%- endif -%}
    {%- endfor -%}
    {%- for letter in metric.column_name -%}
        {%- if letter not in 'abcdefghijklmnopqrstuvwxyz0123456789_' -%}
            {{ return('column_name ' ~ metric.column_name ~ ' has ' ~ letter ~ ' in it: use lower-case letters, digits and underscores.') }}
        {%- endif -%}
    {%- endfor -%}
    {%- set id = metric.metric_id | int -%}
    {%- set bound = [metric.range_min | float | abs, metric.range_max | float | abs] | max * metric.scale | float | abs -%}
    {%- if id | string != metric.metric_id or id < 1 or id > 32767 -%}
        {{ return('metric_id ' ~ metric.metric_id ~ ' is no whole number from 1 to 32767.') }}
    {%- elif metric.column_name in taken -%}
        {{ return('column_name ' ~ metric.column_name ~ ' is taken; these are: ' ~ taken | join(', ') ~ '.') }}
    {%- elif metric.column_type not in types -%}
        {{ return('column_type ' ~ metric.column_type ~ ' is none of ' ~ types | join(', ') ~ '.') }}
    {%- elif metric.kind not in ['gauge', 'counter'] -%}
        {{ return('kind ' ~ metric.kind ~ ' is none of gauge, counter.') }}
    {%- elif metric.scale | float == 0 -%}
        {{ return('scale 0 would make nothing of every reading.') }}
    {%- elif metric.range_min | float >= metric.range_max | float -%}
        {{ return('range_min ' ~ metric.range_min ~ ' is not below range_max ' ~ metric.range_max ~ '.') }}
    {%- elif bound > largest.get(metric.column_type, bound) -%}
        {{ return('values up to range_max times scale do not fit into ' ~ metric.column_type ~ ': use a larger column_type, or a narrower range.') }}
    {%- endif -%}
{% endmacro %}
