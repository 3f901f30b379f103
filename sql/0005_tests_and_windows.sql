alter table belt.run_result drop constraint run_result_status_check;
alter table belt.run_result add constraint run_result_status_check
  check (status in ('success', 'error', 'skipped', 'pass', 'fail', 'warn', 'partial success'));

create table belt.microbatch (
  node text not null,
  batch_start timestamptz not null,
  batch_end timestamptz not null,
  processed_at timestamptz not null default now(),
  primary key (node, batch_start)
);
comment on table belt.microbatch is 'The batches of event time that a microbatch model has built.';

create table belt.reprocess (
  reprocess_id bigint generated always as identity primary key,
  node text not null,
  event_time_start timestamptz not null,
  event_time_end timestamptz not null,
  sql_checksum text not null,
  started_at timestamptz not null default now(),
  ended_at timestamptz
);
comment on table belt.reprocess is 'A window of event time that is, or was, rebuilt from raw.';
comment on column belt.reprocess.sql_checksum is 'Of the model''s SQL: another one begins the window anew.';
comment on column belt.reprocess.ended_at is 'Null while it is under way, or after it was stopped: then it goes on where it was.';

create table belt.reprocess_batch (
  reprocess_id bigint not null references belt.reprocess on delete cascade,
  batch_start timestamptz not null,
  batch_end timestamptz not null,
  rows_changed bigint not null,
  done_at timestamptz not null default now(),
  primary key (reprocess_id, batch_start)
);
comment on table belt.reprocess_batch is 'Batches of a window that are done; written in the transaction that writes their rows.';
