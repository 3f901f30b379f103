-- Roles are shared by all databases of a server, and not every user may make them.
do $$
declare
  wanted text;
begin
  foreach wanted in array array['belt_reader', 'belt_alerting'] loop
    begin
      execute format('create role %I nologin', wanted);
    exception
      when duplicate_object or unique_violation then null;
      when insufficient_privilege then
        raise notice 'role % was not made: this user may not create roles', wanted;
    end;
  end loop;

  if exists (select from pg_roles where rolname = 'belt_reader') then
    grant usage on schema raw, belt to belt_reader;
    grant select on all tables in schema raw, belt to belt_reader;
    alter default privileges in schema raw grant select on tables to belt_reader;
    alter default privileges in schema belt grant select on tables to belt_reader;
  end if;
end $$;
