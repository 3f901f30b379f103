{{ config(
    materialized='incremental',
    incremental_strategy='upsert',
    unique_key='device_id',
    new_rows='at_once',
    on_query_change='rebuild'
) }}
{%- set lines = alert_lines() %}

-- Which lines of alert_rule.csv hold for a device: of each rule the last one that is for it; with what
-- battery_alert tells of the device, so that it has one place to look.
-- The seed is written into this query, so that a changed line makes all of it anew.
with touched as (
    {% if is_incremental() -%}
    select device_uuid, max(response_id) as response_id, bool_or(is_relisted) as is_relisted
    from (
        select device_uuid, response_id, true as is_relisted from {{ new_rows(ref('stg_asset')) }} as asset
        union all
        select device_uuid, response_id, false from {{ new_rows(source('raw', 'telemetry_response')) }} as response
        union all
        -- which a page lists no more
        select device.device_uuid, response.response_id, true
        from {{ new_rows(source('raw', 'asset_response')) }} as response
        inner join {{ ref('asset_listing') }} as listing
            on listing.resource_path = response.resource_path and listing.listed_to = response.landed_at
        inner join {{ ref('device') }} as device using (device_id)
    ) as seen
    group by device_uuid
    {%- else -%}
    select device_uuid, 0::bigint as response_id
    from {{ ref('device') }}
    {%- endif %}
),

target as (
    select
        asset.device_id,
        asset.device_uuid,
        asset.description as site,
        asset.state,
        (
            select case when count(*) > 0 and bool_and(listing.listed_to is not null) then max(listing.listed_to) end
            from {{ ref('asset_listing') }} as listing
            where listing.device_id = asset.device_id
        ) as left_at,
        touched.response_id,
        {% if is_incremental() %}known.line_nos, known.changed_by_response_id{% else %}null::integer [] as line_nos, 0::bigint as changed_by_response_id{% endif %}
    from touched
    inner join {{ ref('asset') }} as asset using (device_uuid)
    {%- if is_incremental() %}
    left join {{ this }} as known using (device_id)
    where
        known.device_id is null
        or (known.site, known.state) is distinct from (asset.description, asset.state)
        or touched.is_relisted
    {%- endif %}
),

line as (
    {%- if lines | length == 0 %}
    select null::integer as line_no, null::text as rule, null::double precision as stale_seconds, null::double precision as missing_seconds, null::boolean as enabled, null::uuid[] as devices, null::text as site_pattern
    where false
    {%- else %}
    select distinct *
    from (
        values
        {%- for line in lines %}
        {%- set words = line.devices.split() %}
        {%- set pattern = dbt.escape_single_quotes(line.devices) | replace('\\', '\\\\') | replace('%', '\\%') | replace('_', '\\_') | replace('*', '%') %}
        (
            {{ line.line }}, '{{ line.rule }}', {% if line.kind == 'stale' %}{{ line.threshold }}{% else %}null{% endif %}::double precision,
            {% if line.kind == 'missing' %}{{ line.for_seconds }}{% else %}null{% endif %}::double precision, {{ line.enabled }},
            {% if line.devices != 'all' and is_device_uuid(words[0]) -%}
            '{{ '{' ~ words | join(',') ~ '}' }}'::uuid[], null
            {%- else -%}
            null::uuid[], {% if line.devices == 'all' %}null{% else %}'{{ pattern }}'{% endif %}
            {%- endif %}
        ){{ ',' if not loop.last }}
        {%- endfor %}
    ) as given (line_no, rule, stale_seconds, missing_seconds, enabled, devices, site_pattern)
    {%- endif %}
),

effective as (
    select distinct on (target.device_id, line.rule)
        target.device_id,
        line.line_no,
        line.stale_seconds,
        line.missing_seconds,
        line.enabled
    from target
    inner join line
        on
            (line.devices is null or target.device_uuid = any (line.devices))
            and (line.site_pattern is null or target.site ilike line.site_pattern)
    order by target.device_id, line.rule, line.line_no desc
)

select
    target.device_id,
    target.device_uuid,
    target.site,
    target.state,
    coalesce(found.line_nos, '{}') as line_nos,
    found.stale_after,
    target.left_at + found.missing_after as unlisted_from,
    case
        when target.line_nos = coalesce(found.line_nos, '{}') then target.changed_by_response_id
        else target.response_id
    end as changed_by_response_id
from target
left join (
    select
        device_id,
        array_agg(line_no order by line_no) as line_nos,
        min(stale_seconds) * interval '1 second' as stale_after,
        min(missing_seconds) * interval '1 second' as missing_after
    from effective
    where enabled
    group by device_id
) as found using (device_id)
