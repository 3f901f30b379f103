{{ config(materialized='view') }}

-- Open alerts by rule, also where there is none: a monitor is told 0 rather than nothing.
select
    line.rule,
    line.severity,
    count(alert.device_id) as alerts
from (select distinct rule, severity from {{ ref('alert_rule') }} where enabled) as line
left join {{ ref('battery_alert') }} as alert using (rule, severity)
group by line.rule, line.severity
