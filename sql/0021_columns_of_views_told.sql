comment on column raw.landing_day.resource is 'The raw table, without its schema.';
comment on column raw.landing_day.first_at is 'Midnight (UTC) at which the day begins.';
comment on column raw.landing_day.end_at is 'Midnight at which it ends, itself not in it.';
comment on column raw.landing_day.in_columnstore is 'Whether its rows are in the columnstore.';
comment on column raw.landing_day.chunk is 'The chunk that holds its rows.';
comment on column raw.life_cycle.job_id is 'The job''s number in timescaledb_information.jobs.';
comment on column raw.life_cycle.config is 'What it goes by, as the last transform has set it: ages, and since when they hold.';
