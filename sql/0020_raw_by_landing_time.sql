-- Raw by day of landing: what is old goes into the columnstore, and leaves a day at a time.

-- nothing looks for paths here since raw.latest_response knows the last response of each
drop index raw.telemetry_response_path;
drop index raw.asset_response_path;

create function raw.by_landing_time(relation regclass) returns void
language plpgsql
set client_min_messages = warning
as $$
begin
  -- a key of a hypertable names what it is cut by
  execute (
    select format('alter table %s drop constraint %I, add primary key (response_id, landed_at)', relation, conname)
    from pg_constraint where conrelid = relation and contype = 'p'
  );
  perform create_hypertable(
    relation, by_range('landed_at', interval '1 day'),
    create_default_indexes => false, migrate_data => true
  );
  execute format(
    'alter table %s set (timescaledb.compress, timescaledb.compress_segmentby = ''device_uuid'',
      timescaledb.compress_orderby = ''response_id'')', relation
  );
end $$;
comment on function raw.by_landing_time is 'Makes the table of a resource with readings a hypertable of days (UTC) of landing, with what it holds.';

select raw.by_landing_time('raw.telemetry_response');

create view raw.landing_day as
  select hypertable_name as resource, range_start as first_at, range_end as end_at,
    is_compressed as in_columnstore, format('%I.%I', chunk_schema, chunk_name)::regclass as chunk
  from timescaledb_information.chunks where hypertable_schema = 'raw';
comment on view raw.landing_day is 'The days (UTC) of landing that raw tables hold, and whether they are in the columnstore.';

create view raw.life_cycle as
  select job_id, config from timescaledb_information.jobs
  where proc_schema = 'raw' and proc_name = 'run_life_cycle';
comment on view raw.life_cycle is 'The job that moves and drops old raw, which the last transform has set by the vars raw_columnstore_after and raw_retention.';

create function raw.make_day(relation regclass, landed timestamptz) returns void
language plpgsql
as $$
declare
  first_microsecond bigint := floor(extract(epoch from landed) / 86400) * 86400000000;
begin
  if exists (
    select from timescaledb_information.hypertables
    where format('%I.%I', hypertable_schema, hypertable_name)::regclass = relation
  ) then
    perform _timescaledb_functions.create_chunk(
      relation, jsonb_build_object('landed_at', jsonb_build_array(first_microsecond, first_microsecond + 86400000000))
    );
  end if;
end $$;
comment on function raw.make_day is 'Makes the chunk of a day of landing: who makes it keeps others from inserting into it until the end of the transaction.';

create function raw.old_batches(resource text, before timestamptz, counts_restored boolean)
returns table (batch_id bigint, landed_at timestamptz, processed boolean, node text)
language sql stable
as $$
  with reader as materialized (
    select state.node from belt.relation_state as state
    where to_regclass(state.relation) is not null
      and exists (select from belt.model_batch as done where done.node = state.node)
  )
  select content.batch_id, content.landed_at, exists (select from reader), (
      select reader.node from reader where not exists (
        select from belt.model_batch as done
        where done.node = reader.node and done.batch_id = content.batch_id
      ) order by reader.node limit 1
    )
  from raw.batch_content as content
  inner join raw.batch as batch on batch.batch_id = content.batch_id and batch.status = 'landed'
  where content.resource = old_batches.resource and content.dropped_at is null
    and greatest(content.landed_at, case when counts_restored then content.restored_at end)
      < date_trunc('day', before, 'UTC')
$$;
comment on function raw.old_batches is 'Batches of whole days (UTC) of landing before a time, which are not dropped. Those that a model with a relation has not processed name it; where no model has processed any, processed is false. counts_restored takes what was brought back from an archive for as young as that.';

create function raw.drop_batches(resource text, batches bigint[], dropped_by text) returns void
language plpgsql
set timescaledb.max_tuples_decompressed_per_dml_transaction = 0
as $$
declare
  relation regclass := format('raw.%I', resource)::regclass;
  day record;
  others boolean;
  first_landed timestamptz;
  last_landed timestamptz;
begin
  select min(content.landed_at), max(content.landed_at) into first_landed, last_landed
  from raw.batch_content as content
  where content.resource = drop_batches.resource and content.batch_id = any (batches);
  -- days that hold nothing else go as they are, which costs nothing
  for day in
    select landing_day.first_at as range_start, landing_day.end_at as range_end
    from raw.landing_day
    where landing_day.resource = drop_batches.resource
      and landing_day.first_at <= last_landed and landing_day.end_at > first_landed
  loop
    execute format(
      'select exists (select from %s where landed_at >= $1 and landed_at < $2 and batch_id <> all ($3))', relation
    ) into others using day.range_start, day.range_end, batches;
    continue when others or exists (
      select from raw.batch where status = 'landing' and started_at >= day.range_start and started_at < day.range_end
    );
    perform drop_chunks(relation, newer_than => day.range_start, older_than => day.range_end);
  end loop;
  execute format(
    'delete from %s where batch_id = any ($1) and landed_at between $2 and $3', relation
  ) using batches, first_landed, last_landed;
  update raw.batch_content as content
  set dropped_at = now(), dropped_by = drop_batches.dropped_by, restored_at = null
  where content.resource = drop_batches.resource and content.batch_id = any (batches);
end $$;
comment on function raw.drop_batches is 'Drops the responses of batches of a resource, and notes by what.';

create function raw.columnstore_due(resource text, after interval)
returns table (chunk regclass, range_start timestamptz, range_end timestamptz)
language sql stable
as $$
  select format('%I.%I', chunk.chunk_schema, chunk.chunk_name)::regclass, chunk.range_start, chunk.range_end
  from timescaledb_information.chunks as chunk
  inner join _timescaledb_catalog.chunk as known
    on known.schema_name = chunk.chunk_schema and known.table_name = chunk.chunk_name
  where chunk.hypertable_schema = 'raw' and chunk.hypertable_name = resource
    and chunk.range_end < now() - after
    -- 8: rows were added since it was compressed
    and case when chunk.is_compressed then known.status & 8 = 8
      -- of less, indexes and empty pages are most, and the columnstore takes no less
      else pg_total_relation_size(format('%I.%I', chunk.chunk_schema, chunk.chunk_name)::regclass) > 200 * 1024 end
  order by chunk.range_start
$$;
comment on function raw.columnstore_due is 'Days of landing that are old enough and large enough for the columnstore, and not in it, or not with all of their rows.';

create procedure raw.run_life_cycle(job_id integer, config jsonb)
language plpgsql
as $$
declare
  resource text;
  day record;
begin
  -- what lies in the columnstore is seldom read: a tenth to a quarter smaller than by lz4
  perform set_config('default_toast_compression', 'pglz', false);
  for resource in select jsonb_array_elements_text(config -> 'resources') loop
    if now() >= (config ->> 'retention_from')::timestamptz then
      for day in
        select array_agg(old.batch_id) as batches
        from raw.old_batches(resource, now() - (config ->> 'retention')::interval, true) as old
        where old.processed and old.node is null
        group by date_trunc('day', old.landed_at, 'UTC') order by date_trunc('day', old.landed_at, 'UTC')
      loop
        -- no transform may read what goes; the next run of the job takes it up
        if not pg_try_advisory_xact_lock(hashtextextended('belt transform', 0)) then
          return;
        end if;
        perform raw.drop_batches(resource, day.batches, 'retention');
        commit;
      end loop;
    end if;
    if config ->> 'columnstore_after' is not null then
      for day in
        select due.chunk from raw.columnstore_due(resource, (config ->> 'columnstore_after')::interval) as due
      loop
        perform compress_chunk(day.chunk, if_not_compressed => true);
        commit;
      end loop;
    end if;
  end loop;
end $$;
comment on procedure raw.run_life_cycle is 'The job of the vars raw_columnstore_after and raw_retention: moves old days into the columnstore, and drops what is older than is to be kept.';
