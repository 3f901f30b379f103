{#-
  The lines of alert_rule.csv, one a rule and metric: a rule for counters without a metric is one for
  each counter. What is wrong with a line stops belt at this line of the file, before anything is
  written. `check` numbers the pairs of rule and metric, `line` the lines of the file.
-#}
{% macro alert_lines() %}
    {%- set of_column = {} -%}
    {%- set counters = [] -%}
    {%- for metric in metrics() -%}
        {%- do of_column.update({metric.column_name: metric.kind}) -%}
        {%- if metric.kind == 'counter' -%}{%- do counters.append(metric.column_name) -%}{%- endif -%}
    {%- endfor -%}
    {%- set first = {} -%}
    {%- set checks = {} -%}
    {%- set lines = [] -%}
    {%- for row in seed_rows('alert_rule') -%}
        {#- checked when the project was read -#}
        {%- set fault = alert_rule_fault(row, of_column, first.get(row.rule)) if not execute else none -%}
        {%- if fault -%}{{ seed_error('alert_rule', loop.index0, fault) }}{%- endif -%}
        {%- if row.rule not in first -%}{%- do first.update({row.rule: row}) -%}{%- endif -%}
        {%- set line = loop.index -%}
        {%- set metrics_of_rule = counters if row.kind == 'counter_backwards' and row.metric is none else [row.metric or ''] -%}
        {%- for metric in metrics_of_rule -%}
            {%- set key = row.rule ~ ' ' ~ metric -%}
            {%- if key not in checks -%}{%- do checks.update({key: checks | length + 1}) -%}{%- endif -%}
            {%- set sign = -1 if row.kind == 'below' else 1 -%}
            {%- do lines.append({
                'line': line,
                'check': checks[key],
                'rule': row.rule,
                'kind': row.kind,
                'metric': metric,
                'reference': row.reference_metric,
                'sign': sign,
                'threshold': row.threshold or '0',
                'clear_threshold': row.clear_threshold or row.threshold or '0',
                'for_seconds': row.for_seconds or '0',
                'clear_for_seconds': row.clear_for_seconds or '0',
                'severity': row.severity,
                'devices': row.devices,
                'enabled': row.enabled | lower == 'true',
            }) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(lines) }}
{% endmacro %}

{#- What is wrong with a line of alert_rule.csv; `first` is the first line of the same rule, if it is another. -#}
{% macro alert_rule_fault(row, of_column, first) %}
    {%- set kinds = ['below', 'above', 'stale', 'missing', 'deviates', 'counter_backwards', 'clock_ahead'] -%}
    {%- set severities = ['info', 'warning', 'critical'] -%}
    {%- for key in ['rule', 'kind', 'severity', 'devices', 'enabled'] -%}
        {%- if row[key] is none -%}{{ return(key ~ ' is empty.') }}{%- endif -%}
    {%- endfor -%}
    {%- for letter in row.rule -%}
        {%- if letter not in 'abcdefghijklmnopqrstuvwxyz0123456789_' -%}
            {{ return('rule ' ~ row.rule ~ ' has ' ~ letter ~ ' in it: use lower-case letters, digits and underscores.') }}
        {%- endif -%}
    {%- endfor -%}
    {%- for key in ['threshold', 'clear_threshold', 'for_seconds', 'clear_for_seconds'] -%}
        {%- if row[key] is not none and row[key] | float(none) is none -%}
            {{ return(key ~ ' ' ~ row[key] ~ ' is no number.') }}
        {%- endif -%}
    {%- endfor -%}
    {%- for key in ['for_seconds', 'clear_for_seconds'] -%}
        {%- if row[key] is not none and row[key] | float < 0 -%}
            {{ return(key ~ ' ' ~ row[key] ~ ' is below 0.') }}
        {%- endif -%}
    {%- endfor -%}
    {%- if row.kind not in kinds -%}
        {{ return('kind ' ~ row.kind ~ ' is none of ' ~ kinds | join(', ') ~ '.') }}
    {%- elif row.severity not in severities -%}
        {{ return('severity ' ~ row.severity ~ ' is none of ' ~ severities | join(', ') ~ '.') }}
    {%- elif row.enabled | lower not in ['true', 'false'] -%}
        {{ return('enabled ' ~ row.enabled ~ ' is neither true nor false.') }}
    {%- endif -%}
    {%- if first -%}
        {%- for key in ['kind', 'metric', 'reference_metric'] -%}
            {%- if row[key] != first[key] -%}
                {{ return(key ~ ' of ' ~ row.rule ~ ' is ' ~ (first[key] or 'empty') ~ ' in its first line, and ' ~ (row[key] or 'empty') ~ ' here: a later line is for other devices, with all else of its own.') }}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
    {%- set needs_metric = row.kind in ['below', 'above', 'deviates'] -%}
    {%- set takes_metric = needs_metric or row.kind == 'counter_backwards' -%}
    {%- if needs_metric and row.metric is none -%}
        {{ return('metric is empty, which ' ~ row.kind ~ ' needs.') }}
    {%- elif row.metric is not none and not takes_metric -%}
        {{ return('metric ' ~ row.metric ~ ' is of no use to ' ~ row.kind ~ ': leave it empty.') }}
    {%- elif row.metric is not none and row.metric not in of_column -%}
        {{ return('metric ' ~ row.metric ~ ' is no column_name of metric_catalog.csv.') }}
    {%- elif row.kind == 'counter_backwards' and row.metric is not none and of_column[row.metric] != 'counter' -%}
        {{ return('metric ' ~ row.metric ~ ' is no counter.') }}
    {%- elif (row.kind == 'deviates') != (row.reference_metric is not none) -%}
        {{ return('reference_metric is ' ~ (row.reference_metric or 'empty') ~ ': deviates needs one, and no other kind does.') }}
    {%- elif row.kind == 'deviates' and row.reference_metric not in of_column -%}
        {{ return('reference_metric ' ~ row.reference_metric ~ ' is no column_name of metric_catalog.csv.') }}
    {%- elif row.threshold is none and row.kind not in ['missing', 'counter_backwards'] -%}
        {{ return('threshold is empty, which ' ~ row.kind ~ ' needs.') }}
    {%- elif row.threshold is not none and row.kind == 'missing' -%}
        {{ return('threshold is of no use to missing: how long it waits is for_seconds.') }}
    {%- elif row.kind in ['stale', 'clock_ahead'] and row.threshold | float <= 0 -%}
        {{ return('threshold ' ~ row.threshold ~ ' is not above 0: it is in seconds.') }}
    {%- elif row.clear_threshold is not none and row.kind not in ['below', 'above', 'deviates', 'counter_backwards'] -%}
        {{ return('clear_threshold is of no use to ' ~ row.kind ~ ': leave it empty.') }}
    {%- elif row.kind in ['stale', 'clock_ahead'] and row.for_seconds | float(0) + row.clear_for_seconds | float(0) > 0 -%}
        {{ return('for_seconds and clear_for_seconds are of no use to ' ~ row.kind ~ ': its threshold is a time.') }}
    {%- elif row.kind == 'missing' and row.clear_for_seconds | float(0) > 0 -%}
        {{ return('clear_for_seconds is of no use to missing: leave it empty.') }}
    {%- elif row.clear_threshold is not none and row.kind == 'below' and row.clear_threshold | float < row.threshold | float -%}
        {{ return('clear_threshold ' ~ row.clear_threshold ~ ' is below threshold ' ~ row.threshold ~ ': it would clear where it fires.') }}
    {%- elif row.clear_threshold is not none and row.kind != 'below' and row.clear_threshold | float > row.threshold | float(0) -%}
        {{ return('clear_threshold ' ~ row.clear_threshold ~ ' is above threshold ' ~ (row.threshold or '0') ~ ': it would clear where it fires.') }}
    {%- endif -%}
    {%- if row.devices != 'all' -%}
        {%- set named = [] -%}
        {%- for word in row.devices.split() -%}
            {%- if is_device_uuid(word) -%}{%- do named.append(word) -%}{%- endif -%}
        {%- endfor -%}
        {%- if named | length > 0 and named | length != row.devices.split() | length -%}
            {{ return('devices ' ~ row.devices ~ ' is neither all, nor a list of UUIDs, nor a pattern of sites.') }}
        {%- endif -%}
    {%- endif -%}
{% endmacro %}

{#- Whether a word is written as a UUID. -#}
{% macro is_device_uuid(word) %}
    {%- set parts = [] -%}
    {%- for part in word.split('-') -%}
        {%- set odd = [] -%}
        {%- for letter in part -%}
            {%- if letter not in '0123456789abcdefABCDEF' -%}{%- do odd.append(letter) -%}{%- endif -%}
        {%- endfor -%}
        {%- do parts.append(-1 if odd | length > 0 else part | length) -%}
    {%- endfor -%}
    {{ return(parts == [8, 4, 4, 4, 12]) }}
{% endmacro %}

{#- The lines as a relation: line_no, check_no and what the line says; `kinds` narrows it. -#}
{% macro alert_line_values(kinds) %}
    {%- set lines = alert_lines() | selectattr('kind', 'in', kinds) | list -%}
    (
        {%- if lines | length == 0 %}
        select
            null::integer as line_no, null::integer as check_no, null::text as rule, null::text as metric,
            null::text as kind, null::text as severity, null::integer as sign, null::double precision as threshold,
            null::double precision as clear_threshold, null::interval as for_time, null::interval as clear_for_time
        where false
        {%- else %}
        values
        {%- for line in lines %}
        (
            {{ line.line }}, {{ line.check }}, '{{ line.rule }}', '{{ line.metric }}', '{{ line.kind }}', '{{ line.severity }}',
            {{ line.sign }}, {{ line.threshold | float }}::double precision, {{ line.clear_threshold | float }}::double precision,
            {{ line.for_seconds | float }} * interval '1 second', {{ line.clear_for_seconds | float }} * interval '1 second'
        ){{ ',' if not loop.last }}
        {%- endfor %}
        {%- endif %}
    ) as line (
        line_no, check_no, rule, metric, kind, severity, sign, threshold, clear_threshold, for_time, clear_for_time
    )
{%- endmacro %}

{#- How far readings and clocks may be ahead before they are left out of what is latest. -#}
{% macro clock_tolerance() -%}
    interval '{{ dbt.escape_single_quotes(var('clock_tolerance', '5 minutes')) }}'
{%- endmacro %}

{#-
  What a rule looks at in a row `reading` of battery_telemetry: null where the row does not tell it.
  Of a deviation its size; the sign of `below` is left to its line.
-#}
{% macro alert_measure(line, reading) -%}
    {%- if line.kind == 'deviates' -%}
    abs({{ reading }}.{{ line.metric }} - {{ reading }}.{{ line.reference }})
    {%- else -%}
    {{ reading }}.{{ line.metric }}
    {%- endif -%}
{%- endmacro %}
