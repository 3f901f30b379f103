{{ config(
    materialized='incremental',
    incremental_strategy='upsert',
    unique_key=['device_id', 'rule', 'metric', 'opened_at'],
    new_rows='at_once',
    on_window='rerun',
    on_query_change='rebuild',
    indexes=[{'columns': ['closed_at', 'opened_at']}, {'columns': ['device_id', 'closed_at']}],
    post_hook="delete from {{ this }} where withdrawn_at <= greatest(recorded_at, opened_at) and revision = 'withdrawn'"
) }}
{%- set checks = value_checks() %}
{%- set counters = checks | selectattr('kind', 'equalto', 'counter_backwards') | list %}
{%- set stale_lines = alert_lines() | selectattr('kind', 'equalto', 'stale') | list %}

-- Each alert from its opening to its closing, decided by the readings in the order of their time.
-- alert_event shows it as of now; how it works is told in the README of this folder.

-- From when until when the readings of a device may have changed.
with touched as (
    {%- if is_incremental() %}
    select device_id, min(from_at) as from_at, max(to_at) as to_at
    from (
        {{ touched_times(new_rows(source('raw', 'telemetry_response')), ref('device')) }}
        union all
        -- other rules hold for it: all of its readings are judged anew
        select device_id, timestamptz '-infinity', timestamptz 'infinity'
        from {{ ref('alert_device') }}
        where changed_by_response_id in (
            select response_id from {{ new_rows(source('raw', 'telemetry_response')) }} as response
            union all
            select response_id from {{ new_rows(source('raw', 'asset_response')) }} as response
        )
    ) as changed
    group by device_id
    {%- else %}
    select device_id, timestamptz '-infinity' as from_at, timestamptz 'infinity' as to_at
    from {{ ref('alert_device') }}
    {%- endif %}
),

rule as materialized (
    select alert_device.device_id, line.*
    from touched
    inner join {{ ref('alert_device') }} as alert_device using (device_id)
    inner join {{ alert_line_values(value_kinds() + ['stale']) }} on line.line_no = any (alert_device.line_nos)
),

-- What was told of them so far, as far back as it can change.
known as materialized (
    {%- if is_incremental() %}
    select existing.*
    from touched
    cross join lateral (
        select *
        from {{ this }} as told
        where told.device_id = touched.device_id and told.closed_at >= touched.from_at
    ) as existing
    where existing.kind not in ('missing', 'clock_ahead')
    {%- else %}
    {{ no_alert() }}
    {%- endif %}
),

-- Devices of which a page of assets says something new, with what was told of them.
relisted as materialized (
    {%- if is_incremental() %}
    select device_id
    from {{ ref('asset_listing') }}
    where
        listed_from = any (array(select landed_at from {{ new_rows(source('raw', 'asset_response')) }} as response))
        or listed_to = any (array(select landed_at from {{ new_rows(source('raw', 'asset_response')) }} as response))
    union
    {%- endif %}
    select device_id from touched where from_at = '-infinity'
),

known_missing as (
    {%- if is_incremental() %}
    select existing.*
    from {{ this }} as existing
    where existing.kind = 'missing' and existing.device_id in (select device_id from relisted)
    {%- else %}
    {{ no_alert() }}
    {%- endif %}
),

-- One look at what has changed, and at the readings beside it: it tells which rules can be concerned.
scanned as materialized (
    select touched.*, seen.*
    from touched
    cross join lateral (
        select
            max(ts) as last_at,
            coalesce(min(ts) filter (where ts > touched.to_at), 'infinity') as next_reading_at,
            array_agg(ts order by ts) filter (where next_at - ts > {{ least_stale(stale_lines) }}) as gap_from,
            array_agg(next_at order by ts) filter (where next_at - ts > {{ least_stale(stale_lines) }}) as gap_to
            {%- for line in checks %},
            {% if line.kind == 'counter_backwards' -%}
            case
                when count(*) filter (where ts < touched.from_at) = 4
                    and count({{ line.metric }}) filter (where ts < touched.from_at) = 0
                    and count({{ line.metric }}) filter (where ts >= touched.from_at) > 0
                    then 'infinity'::double precision
                else max(highest_{{ loop.index }} - {{ line.metric }})
            end
            {%- else -%}
            max({{ '-' if line.sign < 0 }}{{ alert_measure(line, 'ordered') }})
            {%- endif %}::double precision as level_{{ line.check }}
            {%- endfor %}
        from (
            select
                near.*,
                lead(near.ts) over in_order as next_at
                {%- for line in checks %}
                {%- if line.kind == 'counter_backwards' %},
                max(near.{{ line.metric }}) over (order by near.ts rows between unbounded preceding and 1 preceding) as highest_{{ loop.index }}
                {%- endif %}
                {%- endfor %}
            from (
                (
                    select *
                    from {{ ref('battery_telemetry') }} as reading
                    where reading.device_id = touched.device_id and reading.ts < touched.from_at
                    order by reading.ts desc
                    limit 4
                )
                union all
                (
                    select *
                    from {{ ref('battery_telemetry') }} as reading
                    where
                        reading.device_id = touched.device_id
                        and reading.ts >= touched.from_at
                        and reading.ts <= touched.to_at
                )
                union all
                (
                    select *
                    from {{ ref('battery_telemetry') }} as reading
                    where reading.device_id = touched.device_id and reading.ts > touched.to_at
                    order by reading.ts
                    limit 1
                )
            ) as near
            window in_order as (order by near.ts)
        ) as ordered
    ) as seen
),

-- Rules that a changed reading could open, or that were open about then.
suspect as materialized (
    select
        rule.*,
        scanned.from_at,
        scanned.to_at,
        coalesce(told.was_open, false) as was_open,
        greatest(rule.for_time, rule.clear_for_time) as settling_time
    from scanned
    inner join rule using (device_id)
    left join (
        select known.device_id, known.rule, known.metric, bool_or(known.opened_at < touched.from_at) as was_open
        from known
        inner join touched using (device_id)
        where known.withdrawn_at is null and known.began_at <= touched.to_at
        group by known.device_id, known.rule, known.metric
    ) as told using (device_id, rule, metric)
    where
        rule.kind <> 'stale'
        and (
            told.was_open is not null
            or case rule.check_no
                {%- for line in checks %}
                when {{ line.check }} then scanned.level_{{ line.check }}
                {%- endfor %}
            end > rule.sign * rule.threshold
        )
),

-- The readings that can tell: back to a run that is surely confirmed, and on until all runs of after
-- the change are what they were.
bounded as materialized (
    select
        suspect.*,
        suspect.from_at as changed_from,
        after.ts as after_at,
        coalesce(
            (
                select reading.ts
                from {{ ref('battery_telemetry') }} as reading
                where
                    reading.device_id = suspect.device_id
                    and reading.ts <= before.ts - suspect.settling_time
                    and {{ is_measured('suspect.check_no', 'reading') }}
                order by reading.ts desc
                offset 1
                limit 1
            ),
            '-infinity'
        ) as read_from,
        case
            when after.ts is null then 'infinity'
            else coalesce(
                (
                    select reading.ts
                    from {{ ref('battery_telemetry') }} as reading
                    where
                        reading.device_id = suspect.device_id
                        and reading.ts >= after.ts + suspect.settling_time
                        and {{ is_measured('suspect.check_no', 'reading') }}
                    order by reading.ts
                    limit 1
                ),
                'infinity'
            )
        end as read_to
    from suspect
    left join lateral (
        select reading.ts
        from {{ ref('battery_telemetry') }} as reading
        where
            reading.device_id = suspect.device_id and reading.ts < suspect.from_at
            and {{ is_measured('suspect.check_no', 'reading') }}
        order by reading.ts desc
        limit 1
    ) as before on true
    left join lateral (
        select reading.ts
        from {{ ref('battery_telemetry') }} as reading
        where
            reading.device_id = suspect.device_id and reading.ts > suspect.to_at
            and {{ is_measured('suspect.check_no', 'reading') }}
        order by reading.ts
        limit 1
    ) as after on true
),

late as materialized (
    select * from bounded where read_to < 'infinity'
),

{{ judged_readings('late', 'late') }},

late_end as (
    select distinct on (device_id, check_no) device_id, check_no, is_open
    from late_change
    order by device_id, check_no, confirmed_at desc
),

-- Where an alert is open at the end and was not before, or was and is not, it is so until it closed
-- or opened before: there both agree again.
settled as materialized (
    select
        bounded.*,
        case
            when bounded.read_to = 'infinity' then bounded.read_to
            when coalesce(late_end.is_open, bounded.was_open) = coalesce(told.was_open_then, false) then bounded.read_to
            else coalesce(told.agree_at, 'infinity')
        end as settled_at
    from bounded
    left join late_end using (device_id, check_no)
    left join (
        select
            late.device_id,
            late.check_no,
            bool_or(known.opened_at <= late.read_to and known.closed_at > late.read_to) as was_open_then,
            least(
                min(known.opened_at) filter (where known.opened_at > late.read_to),
                min(known.closed_at) filter (where known.closed_at > late.read_to)
            ) as agree_at
        from late
        inner join known using (device_id, rule, metric)
        where known.withdrawn_at is null
        group by late.device_id, late.check_no
    ) as told using (device_id, check_no)
),

judged as materialized (
    select
        device_id, check_no, line_no, rule, metric, kind, severity, sign, threshold, clear_threshold, for_time,
        clear_for_time, was_open, from_at, to_at, changed_from, after_at, read_from, settled_at as read_to
    from settled
),

{{ judged_readings('final', 'judged') }},

first_change as materialized (
    select device_id, check_no, min(confirmed_at) as ts
    from final_change
    group by device_id, check_no
),

-- What was told to be open at read_to, and when it closed.
carried as materialized (
    select judged.device_id, judged.check_no, max(known.closed_at) as closed_at
    from judged
    inner join known using (device_id, rule, metric)
    where
        known.withdrawn_at is null
        and known.opened_at <= judged.read_to and known.closed_at > judged.read_to
    group by judged.device_id, judged.check_no
),

-- Alerts that are open at some time from changed_from to read_to; what is open at the end of that
-- closes when it did before.
value_alert as materialized (
    select
        judged.*,
        found.began_at,
        found.opened_at,
        coalesce(found.closed_at, carried.closed_at, 'infinity') as closed_at,
        found.level as opening_level
    from judged
    inner join (
        select device_id, check_no, began_at, confirmed_at as opened_at, next_at as closed_at, confirmed_level as level
        from final_change
        where is_open

        union all

        select
            judged.device_id,
            judged.check_no,
            known.began_at,
            known.opened_at,
            first_change.ts,
            judged.sign * known.value
        from judged
        inner join known using (device_id, rule, metric)
        left join first_change using (device_id, check_no)
        where known.withdrawn_at is null and known.opened_at < judged.changed_from
    ) as found using (device_id, check_no)
    left join carried using (device_id, check_no)
),

-- What was told of the readings before changed_from, and after read_to: the worst of them still is so, as
-- long as it is what it was, and within the alert.
told_worst as materialized (
    select
        value_alert.device_id,
        value_alert.check_no,
        value_alert.opened_at,
        known.extreme_at as ts,
        value_alert.sign * known.extreme as level,
        known.extreme_at >= value_alert.opened_at and known.extreme_at < value_alert.closed_at
        and (
            known.extreme_at < value_alert.from_at
            or known.extreme_at > value_alert.to_at
            or value_alert.kind <> 'counter_backwards' and exists (
                select from {{ ref('battery_telemetry') }} as reading
                where
                    reading.device_id = value_alert.device_id and reading.ts = known.extreme_at
                    and {{ measure_of('value_alert.check_no', 'reading') }} = known.extreme
            )
        ) as is_valid
    from value_alert
    inner join known using (device_id, rule, metric)
    where
        known.withdrawn_at is null
        and (
            value_alert.opened_at < value_alert.changed_from and known.opened_at = value_alert.opened_at
            or value_alert.closed_at > value_alert.read_to
            and known.opened_at <= value_alert.read_to and known.closed_at > value_alert.read_to
        )
),

-- Else all of its readings are read again.
reread as materialized (
    select value_alert.*
    from value_alert
    left join (
        select device_id, check_no, opened_at, bool_and(is_valid) as is_told
        from told_worst
        group by device_id, check_no, opened_at
    ) as told using (device_id, check_no, opened_at)
    where
        (value_alert.opened_at < value_alert.changed_from or value_alert.closed_at > value_alert.read_to)
        and told.is_told is not true
),

-- The worst reading of each, and of these the first.
worst as (
    select distinct on (device_id, check_no, opened_at) device_id, check_no, opened_at, level, ts
    from (
        select device_id, check_no, opened_at, opening_level as level, opened_at as ts
        from value_alert

        union all

        select
            value_alert.device_id,
            value_alert.check_no,
            value_alert.opened_at,
            run.worst[1],
            to_timestamp(-run.worst[2])
        from value_alert
        inner join (
            select device_id, check_no, began_at, is_open, confirmed_at, confirmed_worst as worst, true as is_opening
            from final_run
            union all
            select device_id, check_no, began_at, is_open, confirmed_at, worst, false
            from final_run
        ) as run using (device_id, check_no)
        where
            run.is_open
            and run.began_at < value_alert.closed_at
            and case
                when run.is_opening then run.confirmed_at = value_alert.opened_at
                else run.began_at > value_alert.opened_at or value_alert.opened_at < value_alert.changed_from
            end

        union all

        select device_id, check_no, opened_at, level, ts
        from told_worst
        where is_valid

        union all

        select reread.device_id, reread.check_no, reread.opened_at, again.level, again.ts
        from reread
        cross join lateral (
            select
                reading.ts,
                case
                    when reread.kind = 'counter_backwards'
                        then lag({{ measure_of('reread.check_no', 'reading') }}) over (order by reading.ts)
                        - {{ measure_of('reread.check_no', 'reading') }}
                    else reread.sign * {{ measure_of('reread.check_no', 'reading') }}
                end as level
            from {{ ref('battery_telemetry') }} as reading
            where
                reading.device_id = reread.device_id
                and reading.ts >= reread.opened_at
                and reading.ts < reread.closed_at
                and {{ is_measured('reread.check_no', 'reading') }}
        ) as again
    ) as candidate
    where level is not null
    order by device_id, check_no, opened_at, level desc, ts
),

-- Silence between two readings. One that goes on is no row: alert_event tells it by the latest reading.
silence as (
    select
        scanned.device_id,
        gap.gap_from,
        gap.gap_to,
        gap.gap_to < scanned.last_at as is_late
    from scanned
    cross join lateral unnest(scanned.gap_from, scanned.gap_to) as gap (gap_from, gap_to)
    where gap.gap_to >= scanned.from_at
),

fresh as materialized (
    select
        value_alert.device_id,
        value_alert.rule,
        value_alert.metric,
        value_alert.kind,
        value_alert.severity,
        value_alert.threshold,
        value_alert.began_at,
        value_alert.opened_at,
        value_alert.closed_at,
        value_alert.sign * value_alert.opening_level as value,
        value_alert.sign * worst.level as extreme,
        worst.ts as extreme_at,
        value_alert.after_at is not null as is_late
    from value_alert
    inner join worst using (device_id, check_no, opened_at)

    union all

    select
        silence.device_id,
        rule.rule,
        rule.metric,
        rule.kind,
        rule.severity,
        rule.threshold,
        silence.gap_from,
        silence.gap_from + rule.threshold * interval '1 second',
        silence.gap_to,
        rule.threshold,
        extract(epoch from silence.gap_to - silence.gap_from),
        silence.gap_to,
        silence.is_late
    from silence
    inner join rule on rule.device_id = silence.device_id and rule.kind = 'stale'
    where silence.gap_to - silence.gap_from > rule.threshold * interval '1 second'

    union all

    {{ missing_alerts() }}

    union all

    {{ clock_alerts() }}
),

-- What was told and is not so any more.
withdrawn as (
    select known_missing.*
    from known_missing
    where
        known_missing.withdrawn_at is null
        and not exists (
            select from fresh
            where
                fresh.device_id = known_missing.device_id and fresh.rule = known_missing.rule
                and fresh.metric = known_missing.metric and fresh.opened_at = known_missing.opened_at
        )

    union all

    select known.*
    from known
    inner join scanned using (device_id)
    left join judged using (device_id, rule, metric)
    left join fresh using (device_id, rule, metric, opened_at)
    where
        known.withdrawn_at is null
        and fresh.device_id is null
        and (
            scanned.from_at = '-infinity'
            or known.kind = 'stale' and known.closed_at <= scanned.next_reading_at
            or known.kind <> 'stale' and known.opened_at >= judged.changed_from and known.opened_at <= judged.read_to
        )
)

select
    fresh.device_id,
    fresh.rule,
    fresh.metric,
    fresh.kind,
    fresh.severity,
    fresh.threshold,
    fresh.began_at,
    fresh.opened_at,
    fresh.closed_at,
    fresh.value,
    fresh.extreme,
    fresh.extreme_at,
    null::timestamptz as withdrawn_at,
    revised.revision,
    case when revised.revision is distinct from told.revision then now() else told.revised_at end as revised_at,
    coalesce(told.recorded_at, now()) as recorded_at
from fresh
left join {% if is_incremental() %}{{ this }}{% else %}known{% endif %} as told using (device_id, rule, metric, opened_at)
cross join lateral (
    select
        case
            when told.device_id is null and fresh.is_late and exists (
                select from withdrawn
                where
                    withdrawn.device_id = fresh.device_id and withdrawn.rule = fresh.rule
                    and withdrawn.metric = fresh.metric
                    and withdrawn.opened_at < fresh.closed_at and withdrawn.closed_at > fresh.opened_at
            ) then 'moved'
            when told.device_id is null and fresh.is_late then 'opened'
            when told.withdrawn_at is not null then 'opened'
            when told.closed_at < 'infinity' and told.closed_at <> fresh.closed_at then 'moved'
            else told.revision
        end as revision
) as revised

union all

select
    device_id,
    rule,
    metric,
    kind,
    severity,
    threshold,
    began_at,
    opened_at,
    least(closed_at, now()),
    value,
    extreme,
    extreme_at,
    now(),
    'withdrawn',
    now(),
    recorded_at
from withdrawn
