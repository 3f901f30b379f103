-- What each batch brought, which stays when its responses do not: so that it is known what is missing.
create table raw.batch_content (
  batch_id bigint not null,
  resource text not null,
  documents integer not null,
  readings bigint not null,
  bytes bigint not null,
  touched_hours int4multirange,
  landed_at timestamptz not null,
  dropped_at timestamptz,
  dropped_by text check (dropped_by in ('archive', 'retention')),
  restored_at timestamptz,
  primary key (batch_id, resource)
);
comment on table raw.batch_content is 'What each landed batch brought, by resource; it stays when its responses are archived or dropped.';
comment on column raw.batch_content.resource is 'The raw table that it was landed in, without its schema.';
comment on column raw.batch_content.documents is 'Rows landed. Where fewer are there, raw is missing.';
comment on column raw.batch_content.bytes is 'Size of the landed documents.';
comment on column raw.batch_content.touched_hours is 'Hours since 1970-01-01T00Z in which it has readings. Null where that is not known: raw was gone already when belt began to note it.';
comment on column raw.batch_content.landed_at is 'As of its responses.';
comment on column raw.batch_content.dropped_at is 'When belt dropped its responses; null while they are there, or where others deleted them.';
comment on column raw.batch_content.restored_at is 'When belt land brought its responses back from an archive: retention counts from then.';

insert into raw.batch_content (batch_id, resource, documents, readings, bytes, touched_hours, landed_at)
select batch_id, 'asset_response', count(*), 0, sum(size_bytes), '{}', min(landed_at)
from raw.asset_response group by batch_id;

insert into raw.batch_content (batch_id, resource, documents, readings, bytes, touched_hours, landed_at)
select batch_id, 'telemetry_response', count(*), sum(readings), sum(size_bytes), range_agg(touched_hours), min(landed_at)
from raw.telemetry_response group by batch_id;

-- what others have deleted before belt noted contents: of which resource and hours is not known
insert into raw.batch_content (batch_id, resource, documents, readings, bytes, touched_hours, landed_at)
select batch.batch_id, 'telemetry_response', batch.documents - coalesce(sum(content.documents), 0),
  batch.readings - coalesce(sum(content.readings), 0), batch.bytes - coalesce(sum(content.bytes), 0), null, batch.started_at
from raw.batch as batch
left join raw.batch_content as content using (batch_id)
where batch.status = 'landed'
group by batch.batch_id
having batch.documents > coalesce(sum(content.documents), 0)
on conflict (batch_id, resource) do update set
  documents = batch_content.documents + excluded.documents,
  readings = batch_content.readings + excluded.readings,
  bytes = batch_content.bytes + excluded.bytes,
  touched_hours = null;

-- Where responses were archived.
create table raw.archive_file (
  archive_file_id bigint generated always as identity primary key,
  folder text not null,
  file text not null,
  resource text not null,
  landed_on date not null,
  documents integer not null,
  readings bigint not null,
  stored_bytes bigint not null,
  sha256 bytea not null,
  archived_at timestamptz not null default now(),
  unique (folder, file)
);
comment on table raw.archive_file is 'Files of compressed JSON lines that belt raw archive has written.';
comment on column raw.archive_file.folder is 'The archive, as an absolute path of the machine that wrote it.';
comment on column raw.archive_file.file is 'Path below the folder.';
comment on column raw.archive_file.landed_on is 'The day (UTC) on which its responses were landed.';
comment on column raw.archive_file.stored_bytes is 'Size of the file and of its index.';
comment on column raw.archive_file.sha256 is 'Of the bytes of the file.';

create table raw.archived_batch (
  batch_id bigint not null,
  archive_file_id bigint not null references raw.archive_file on delete cascade,
  documents integer not null,
  primary key (batch_id, archive_file_id)
);
comment on table raw.archived_batch is 'Which batches an archive file holds responses of, and how many.';

-- What was landed last for each path: the same bytes are known though the response is gone, and found
-- without a look into compressed chunks.
create table raw.latest_response (
  path_hash uuid primary key,
  response_id bigint not null,
  sha256 bytea not null
);
comment on table raw.latest_response is 'The response that was landed last for each path, also when it was dropped since.';
comment on column raw.latest_response.path_hash is 'md5 of resource_path, which would take more room.';
comment on column raw.latest_response.sha256 is 'As of the response.';

insert into raw.latest_response
select distinct on (resource_path) md5(resource_path)::uuid, response_id, sha256
from (
  select resource_path, response_id, sha256 from raw.asset_response
  union all
  select resource_path, response_id, sha256 from raw.telemetry_response
) as response
order by resource_path, response_id desc;
