-- A server built with lz4 compresses documents in a fraction of the time of pglz, for 8 % more disk.
-- Rows that are there stay as they are.
do $$
declare
  kept record;
begin
  if exists (
    select from pg_settings where name = 'default_toast_compression' and 'lz4' = any (enumvals)
  ) then
    for kept in
      select attrelid::regclass as relation, attname as name
      from pg_attribute
      where attrelid in (
          select oid from pg_class where relnamespace = 'raw'::regnamespace and relkind in ('r', 'p')
        )
        and attname in ('body', 'profile') and not attisdropped
    loop
      execute format('alter table %s alter column %I set compression lz4', kept.relation, kept.name);
    end loop;
  end if;
end $$;
