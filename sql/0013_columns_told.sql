comment on column raw.batch.batch_id is 'A larger one was begun later.';
comment on column raw.batch.started_at is 'When belt land began.';

comment on column raw.asset_response.response_id is 'A larger one was landed later.';
comment on column raw.asset_response.batch_id is 'The batch (raw.batch) that it was landed in.';
comment on column raw.asset_response.resource_path is 'Path below the source, for example assets/1.json.';
comment on column raw.asset_response.part is 'Which part of the response this is: one larger than 32 MB is landed in parts, each a valid response.';
comment on column raw.asset_response.parts is 'Parts of the whole response; 1 where it is in one row.';
comment on column raw.asset_response.sha256 is 'Of the bytes of the whole response.';
comment on column raw.asset_response.size_bytes is 'Size of this row''s document.';
comment on column raw.asset_response.landed_at is 'When belt land began to land the batch.';
comment on column raw.asset_response.body is 'The response as the vendor sent it.';

comment on column raw.telemetry_response.response_id is 'A larger one was landed later.';
comment on column raw.telemetry_response.batch_id is 'The batch (raw.batch) that it was landed in.';
comment on column raw.telemetry_response.parts is 'Parts of the whole response; 1 where it is in one row.';
comment on column raw.telemetry_response.landed_at is 'When belt land began to land the batch.';
comment on column raw.telemetry_response.body is 'The response, or the part of it, as the vendor sent it.';

comment on column raw.rejected_response.rejected_id is 'A larger one was rejected later.';
comment on column raw.rejected_response.batch_id is 'The batch (raw.batch) of the landing that met it first.';
comment on column raw.rejected_response.resource_path is 'Path below the source.';
comment on column raw.rejected_response.sha256 is 'Of all its bytes.';
comment on column raw.rejected_response.message is 'What is wrong with it, for people.';
comment on column raw.rejected_response.line is 'Line of the byte at which the check failed, from 1.';
comment on column raw.rejected_response.column_number is 'Column of that byte, from 1.';
comment on column raw.rejected_response.rejected_at is 'When belt land began to land the batch.';

comment on column raw.batch_content.batch_id is 'The batch (raw.batch).';
comment on column raw.batch_content.readings is 'Elements of all data arrays landed, before any of them was judged.';
comment on column raw.batch_content.dropped_by is 'archive: by belt raw archive; retention: for its age.';

comment on column raw.archive_file.archive_file_id is 'A larger one was written later.';
comment on column raw.archive_file.resource is 'The raw table that it is of, without its schema.';
comment on column raw.archive_file.documents is 'Responses in it.';
comment on column raw.archive_file.readings is 'Readings in it.';
comment on column raw.archive_file.archived_at is 'When it was written.';

comment on column raw.archived_batch.batch_id is 'The batch (raw.batch).';
comment on column raw.archived_batch.archive_file_id is 'The file (raw.archive_file).';
comment on column raw.archived_batch.documents is 'Responses of the batch in the file.';

comment on column raw.latest_response.response_id is 'Of the response.';

comment on column belt.run.run_id is 'Also the invocation_id of the artifacts.';
comment on column belt.run.command is 'The command of belt, such as transform.';
comment on column belt.run.started_at is 'When it began.';
comment on column belt.run.ended_at is 'Null while it is under way.';
comment on column belt.run.status is 'running, success, error or interrupted.';
comment on column belt.run.full_refresh is 'Whether it was given --full-refresh.';

comment on column belt.run_result.run_id is 'The run (belt.run).';
comment on column belt.run_result.position is 'In the order of the results, from 1.';
comment on column belt.run_result.node is 'Unique id of the node, such as model.belt.battery_telemetry.';
comment on column belt.run_result.status is 'success, error, skipped, pass, fail, warn or partial success.';
comment on column belt.run_result.started_at is 'When the node was begun; null where it was skipped.';
comment on column belt.run_result.execution_seconds is 'Seconds that it took.';
comment on column belt.run_result.rows_affected is 'Rows written, or found by a test; null where neither has a meaning.';
comment on column belt.run_result.message is 'What the line of the node said.';

comment on column belt.relation_state.node is 'Unique id of the node.';
comment on column belt.relation_state.relation is 'Its relation, with schema.';
comment on column belt.relation_state.materialized is 'As what it was built.';
comment on column belt.relation_state.sql_checksum is 'Of its query, or of the rows of a seed.';
comment on column belt.relation_state.config is 'Its configs.';
comment on column belt.relation_state.updated_at is 'When one of these last changed.';

comment on column belt.model_batch.node is 'Unique id of the model.';
comment on column belt.model_batch.batch_id is 'The batch (raw.batch).';
comment on column belt.model_batch.processed_at is 'When the transaction that processed it began.';

comment on column belt.policy_run.job_id is 'The job of TimescaleDB.';
comment on column belt.policy_run.last_run_at is 'When belt last ran it.';
comment on column belt.policy_run.status is 'success or error.';
comment on column belt.policy_run.message is 'What went wrong.';

comment on column belt.microbatch.node is 'Unique id of the model.';
comment on column belt.microbatch.batch_start is 'Its event time from here on.';
comment on column belt.microbatch.batch_end is 'Up to, but without, this.';
comment on column belt.microbatch.processed_at is 'When the transaction that built it began.';

comment on column belt.reprocess.reprocess_id is 'A larger one was begun later.';
comment on column belt.reprocess.node is 'Unique id of the model.';
comment on column belt.reprocess.event_time_start is 'The window, from here on.';
comment on column belt.reprocess.event_time_end is 'Up to, but without, this.';
comment on column belt.reprocess.started_at is 'When it was begun.';

comment on table belt.reprocess_batch is 'Window batches, parts of a window, that are done; written in the transaction that writes their rows.';
comment on column belt.reprocess_batch.reprocess_id is 'The window (belt.reprocess).';
comment on column belt.reprocess_batch.batch_start is 'Event time from here on.';
comment on column belt.reprocess_batch.batch_end is 'Up to, but without, this.';
comment on column belt.reprocess_batch.rows_changed is 'Rows inserted, updated and deleted.';
comment on column belt.reprocess_batch.done_at is 'When its transaction began.';

-- a migration is a file of sql/
comment on column belt.schema_migration.name is 'The name of the file.';
comment on column belt.schema_migration.checksum is 'Of the text of the file: one that has run is never changed.';
comment on column belt.schema_migration.executed_at is 'When it ran.';

-- a view of landed rows says of its columns what the table does
do $$
declare
  told record;
begin
  for told in
    select view.oid::regclass as view, attname as name, col_description(attrelid, attnum) as comment
    from pg_class as view
    join pg_class as source
      on source.relnamespace = view.relnamespace and view.relname = 'landed_' || source.relname
    join pg_attribute on attrelid = source.oid and attnum > 0 and not attisdropped
    where view.relnamespace = 'raw'::regnamespace and view.relkind = 'v'
  loop
    execute format('comment on column %s.%I is %L', told.view, told.name, told.comment);
  end loop;
end $$;
