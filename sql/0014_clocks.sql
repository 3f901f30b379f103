-- Which series of a response share their times, and from when to when it has readings: so that models
-- can tell them side by side. Of responses that are there already it is not known.
alter table raw.telemetry_response
  add column clocks integer,
  add column if not exists first_reading_at timestamptz,
  add column if not exists last_reading_at timestamptz;
comment on column raw.telemetry_response.clocks is 'Clocks that its series follow: with 1, all have the same times. Null where a series that has readings follows none, or where it was landed before belt noted it.';
comment on column raw.telemetry_response.first_reading_at is 'Earliest possible time of its readings; null without one, or where it was landed before belt noted it.';
comment on column raw.telemetry_response.last_reading_at is 'Latest possible time of its readings; null without one, or where it was landed before belt noted it.';
comment on column raw.telemetry_response.profile is 'What landing saw, one element for each element of body.series: name, readings, min, max, irregular (elements that are not two numbers, or whose time is impossible) and clock (series of a response with the same number have the same times, each later than the one before; null where something is irregular, times do not only grow, there are none, or the name comes twice; missing where it was landed before belt noted it).';

-- a view keeps the columns that it was made with
create or replace view raw.landed_telemetry_response as
  select * from raw.telemetry_response
  where batch_id in (select batch_id from raw.batch where status = 'landed');
do $$
declare
  told record;
begin
  for told in
    select attname as name, col_description(attrelid, attnum) as comment
    from pg_attribute
    where attrelid = 'raw.telemetry_response'::regclass
      and attname in ('clocks', 'first_reading_at', 'last_reading_at', 'profile')
  loop
    execute format('comment on column raw.landed_telemetry_response.%I is %L', told.name, told.comment);
  end loop;
end $$;
