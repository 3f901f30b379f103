import type { ClientBase } from 'pg';
import { BeltError } from '../../errors.js';
import { type ArchiveIndex, indexOf } from './archive-index.js';
import { sizeOfFile } from './durable-file.js';

/** Throws a BeltError where a batch of the archive is another one than that of the same id here. */
export async function refuseOthers(
  client: ClientBase,
  folder: string,
  index: ArchiveIndex,
): Promise<void> {
  const { rows } = await client.query<{ batch_id: string }>(
    `select batch.batch_id
      from jsonb_populate_recordset(null::raw.batch, $1::jsonb) as archived
      join raw.batch as batch using (batch_id)
      where (batch.started_at, batch.documents, batch.readings, batch.bytes)
        is distinct from (archived.started_at, archived.documents, archived.readings, archived.bytes)
      order by 1 limit 1`,
    [JSON.stringify(index.batches.map(({ batch }) => batch))],
  );
  const [other] = rows;
  if (other === undefined) return;
  throw new BeltError(
    `${folder} is the archive of another database: batch ${other.batch_id} of ${index.file} is another one there.`,
    { hint: 'Name an archive of this database; each database has one of its own.' },
  );
}

/** Notes an archive file, and the batches that it holds responses of. */
export async function recordFile(
  client: ClientBase,
  folder: string,
  index: ArchiveIndex,
): Promise<void> {
  const { rows } = await client.query<{ archive_file_id: string }>(
    `insert into raw.archive_file as known
        (folder, file, resource, landed_on, documents, readings, stored_bytes, sha256)
      values ($1, $2, $3, $4, $5, $6, $7, decode($8, 'hex'))
      on conflict (folder, file) do update set documents = excluded.documents,
        readings = excluded.readings, stored_bytes = excluded.stored_bytes, sha256 = excluded.sha256
      returning archive_file_id`,
    [
      folder,
      index.file,
      index.resource,
      index.landed_on,
      index.documents,
      index.readings,
      storedBytes(folder, index),
      index.sha256,
    ],
  );
  await client.query(
    `insert into raw.archived_batch (batch_id, archive_file_id, documents)
      select batch_id, $1, documents
      from unnest($2::bigint[], $3::integer[]) as held (batch_id, documents)
      on conflict (batch_id, archive_file_id) do update set documents = excluded.documents`,
    [
      rows[0]?.archive_file_id,
      index.batches.map(({ batch }) => batch.batch_id),
      index.batches.map(({ documents }) => documents),
    ],
  );
}

/** Size of a file of responses and its index. */
export function storedBytes(folder: string, { file }: ArchiveIndex): number {
  return sizeOfFile(folder, file) + sizeOfFile(folder, indexOf(file));
}
