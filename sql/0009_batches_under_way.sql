-- Several sessions copy into one batch, and commit one after the other: its row tells when all have.
alter table raw.batch alter column ended_at drop not null;
alter table raw.batch drop constraint batch_status_check;
alter table raw.batch add constraint batch_status_check
  check (status in ('landing', 'landed', 'failed'));
alter table raw.batch add constraint batch_ended_at_check
  check ((status = 'landing') = (ended_at is null));
comment on table raw.batch is 'One run of belt land. Only the responses of a batch that is landed count: rows of one that is not are on their way, or left by one that was killed, and the next landing removes those.';
comment on column raw.batch.ended_at is 'Null while it is being landed.';
comment on column raw.batch.status is 'landing, landed or failed.';
