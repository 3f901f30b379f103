-- What is done of batches that a model is at work on in several sessions, or was when it was stopped.
create table belt.model_piece (
  node text not null,
  batch_id bigint not null,
  shard smallint not null,
  response_id bigint not null,
  processed_at timestamptz not null default now(),
  primary key (node, batch_id, shard)
);
comment on table belt.model_piece is 'How far a model with parallel_by is in batches that it has not processed whole; written in the transaction that writes the rows. When all shards of a batch are done, it is in belt.model_batch, and no more here.';
comment on column belt.model_piece.node is 'The model.';
comment on column belt.model_piece.batch_id is 'The landed batch.';
comment on column belt.model_piece.shard is 'Which of the 16 parts that the hash of its parallel_by cuts its rows into.';
comment on column belt.model_piece.response_id is 'Responses of the batch up to this one are done, of this shard.';
comment on column belt.model_piece.processed_at is 'When the last piece of it was done.';
