-- A model that processes responses again where others were rebuilt does so once a rebuilt part: at
-- the next run, if the one that rebuilt it was killed in between or did not select it.
create table belt.followed_window (
  node text not null,
  reprocess_id bigint not null references belt.reprocess on delete cascade,
  batch_start timestamptz not null,
  followed_at timestamptz not null default now(),
  primary key (node, reprocess_id, batch_start)
);
comment on table belt.followed_window is 'Which rebuilt parts of the models that it reads a model has followed; written in the transaction that writes its rows.';
comment on column belt.followed_window.node is 'Unique id of the model that follows.';
comment on column belt.followed_window.reprocess_id is 'The window (belt.reprocess).';
comment on column belt.followed_window.batch_start is 'The part of it (belt.reprocess_batch).';
comment on column belt.followed_window.followed_at is 'When it did.';
