{{ config(materialized='view') }}
{#- of the estimated capacity: a month in which the battery hardly moved tells nothing #}
{%- set largest_relative_error = 0.02 %}
{#- of a state of charge in whole percents, 1 / sqrt(12) #}
{%- set rounding_error_percent = 0.289 %}

-- One row a device and month (UTC): how much energy it holds, and how much of it comes back.
--
-- State of charge follows from what went in and out: percent = s + a * in - b * out. Each month's
-- hours are fitted to that by least squares; then a = 100 * sqrt(efficiency) / capacity and
-- b = 100 / sqrt(efficiency) / capacity.
with hourly as (
    select
        device_id,
        date_trunc('month', bucket, 'UTC') as month,
        bucket,
        state_of_charge_percent_last::double precision as state_of_charge_percent,
        battery_import_wh_last as import_wh,
        battery_export_wh_last as export_wh,
        -- from the hour before, or within the hour where it is the first
        lag(battery_import_wh_last, 1, battery_import_wh_first) over hours as import_wh_before,
        lag(battery_export_wh_last, 1, battery_export_wh_first) over hours as export_wh_before
    from {{ ref('battery_hourly') }}
    where battery_import_wh_last is not null and battery_export_wh_last is not null
    window hours as (partition by device_id order by bucket)
),

counted as (
    select
        device_id,
        month,
        state_of_charge_percent,
        (import_wh < import_wh_before or export_wh < export_wh_before)::integer as resets,
        -- a counter that was reset began at zero
        sum(case when import_wh >= import_wh_before then import_wh - import_wh_before else import_wh end)
            over hours as charged_wh,
        sum(case when export_wh >= export_wh_before then export_wh - export_wh_before else export_wh end)
            over hours as discharged_wh
    from hourly
    window hours as (partition by device_id, month order by bucket)
),

monthly as (
    select
        device_id,
        month,
        max(charged_wh) as charged_wh,
        max(discharged_wh) as discharged_wh,
        count(*) as hours,
        sum(resets) as counter_resets,
        count(state_of_charge_percent) as fitted_hours,
        var_pop(charged_wh::double precision) filter (where state_of_charge_percent is not null) as xx,
        var_pop(discharged_wh::double precision) filter (where state_of_charge_percent is not null) as yy,
        var_pop(state_of_charge_percent) as zz,
        covar_pop(charged_wh, discharged_wh) filter (where state_of_charge_percent is not null) as xy,
        covar_pop(charged_wh, state_of_charge_percent) as xz,
        covar_pop(discharged_wh, state_of_charge_percent) as yz
    from counted
    group by device_id, month
),

fitted as (
    select
        *,
        (xz * yy - yz * xy) / nullif(xx * yy - xy * xy, 0) as percent_per_wh_in,
        (xz * xy - yz * xx) / nullif(xx * yy - xy * xy, 0) as percent_per_wh_out
    from monthly
),

judged as (
    select
        *,
        sqrt(greatest(zz - percent_per_wh_in * xz + percent_per_wh_out * yz, 0)) as residual_percent,
        -- of the fit's covariance, for the capacity as a function of both coefficients
        0.5 * sqrt(
            (yy / percent_per_wh_in ^ 2 + xx / percent_per_wh_out ^ 2
                + 2 * xy / (percent_per_wh_in * percent_per_wh_out))
            / (fitted_hours * (xx * yy - xy * xy))
        ) as relative_error_per_percent
    from fitted
    where percent_per_wh_in > 0 and percent_per_wh_out > 0 and counter_resets = 0
),

told as (
    select
        device_id,
        month,
        100 / sqrt(percent_per_wh_in * percent_per_wh_out) as usable_capacity_wh,
        percent_per_wh_in / percent_per_wh_out as round_trip_efficiency,
        relative_error_per_percent * greatest(residual_percent, {{ rounding_error_percent }}) as relative_error
    from judged
),

estimated as (
    select
        monthly.device_id,
        monthly.month,
        monthly.hours,
        monthly.counter_resets,
        monthly.charged_wh,
        monthly.discharged_wh,
        told.usable_capacity_wh,
        told.round_trip_efficiency,
        told.usable_capacity_wh * told.relative_error as usable_capacity_error_wh
    from monthly
    left join told
        on
            told.device_id = monthly.device_id
            and told.month = monthly.month
            and told.relative_error <= {{ largest_relative_error }}
)

select
    device_id,
    month,
    hours,
    counter_resets,
    charged_wh,
    discharged_wh,
    (charged_wh * sqrt(round_trip_efficiency) + discharged_wh / sqrt(round_trip_efficiency))
    / 2 / usable_capacity_wh as equivalent_full_cycles,
    round_trip_efficiency,
    usable_capacity_wh,
    usable_capacity_wh / first_value(usable_capacity_wh) over (
        partition by device_id order by usable_capacity_wh is null, month
    ) as capacity_retention,
    usable_capacity_error_wh
from estimated
