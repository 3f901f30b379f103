create table belt.run (
  run_id uuid primary key,
  command text not null,
  started_at timestamptz not null,
  ended_at timestamptz,
  status text not null check (status in ('running', 'success', 'error', 'interrupted')),
  full_refresh boolean not null
);
comment on table belt.run is 'One belt transform.';

create table belt.run_result (
  run_id uuid not null references belt.run on delete cascade,
  position integer not null,
  node text not null,
  status text not null check (status in ('success', 'error', 'skipped')),
  started_at timestamptz,
  execution_seconds double precision not null,
  rows_affected bigint,
  message text,
  primary key (run_id, position)
);
comment on table belt.run_result is 'What became of each node of a run.';

create table belt.relation_state (
  node text primary key,
  relation text not null,
  materialized text not null,
  sql_checksum text not null,
  config jsonb not null,
  updated_at timestamptz not null default now()
);
comment on table belt.relation_state is 'What each relation was built from, to tell a changed query or a changed config from an unchanged one.';

create table belt.model_batch (
  node text not null,
  batch_id bigint not null,
  processed_at timestamptz not null default now(),
  primary key (node, batch_id)
);
comment on table belt.model_batch is 'Which landed batches a model has processed; written in the transaction that writes the rows.';

create table belt.policy_run (
  job_id integer primary key,
  last_run_at timestamptz not null,
  status text not null check (status in ('success', 'error')),
  message text
);
comment on table belt.policy_run is 'When belt last ran a policy itself, on an engine without background workers.';
