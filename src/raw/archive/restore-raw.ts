import { statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { ClientBase } from 'pg';
import { inTransaction } from '../../database/transaction.js';
import { BeltError } from '../../errors.js';
import { recordLatest } from '../batch-content.js';
import { landingSpan } from '../landing-span.js';
import { rawTable } from '../raw-table.js';
import { hasReadings, type Resource } from '../resource.js';
import { type ArchiveIndex, isArchive, isIndex, readIndex, readIndexes } from './archive-index.js';
import { readLines, verifyFile } from './archive-lines.js';
import { recordFile, refuseOthers } from './archive-record.js';

/** Characters of responses that are inserted at a time. */
const GROUP_LENGTH = 8 * 1024 * 1024;

export interface RestoreOptions {
  /** An archive, or one index of it. */
  readonly source: string;
  readonly resources: readonly Resource[];
  readonly signal: AbortSignal;
  /** Whether the engine lacks a checkpointer. */
  readonly checkpoints: boolean;
  onProgress(documentsDone: number, documents: number): void;
}

export interface RestoreSummary {
  /** The archive, as an absolute path. */
  readonly source: string;
  readonly files: number;
  readonly batches: number;
  /** Responses that were brought back, and their readings. */
  readonly documents: number;
  readonly readings: number;
  /** Responses that were there. */
  readonly present: number;
}

/** Whether a source to land is an archive of raw, or an index of one. */
export function isArchived(source: string): boolean {
  const stats = statSync(source, { throwIfNoEntry: false });
  return stats?.isDirectory() === true ? isArchive(source) : stats !== undefined && isIndex(source);
}

/**
 * Brings the responses of an archive back as they were: with their ids, batches and times of
 * landing, so that windows are rebuilt as before, and no model takes up a batch that it has
 * processed. A database that does not know their batches comes to know them when all are there.
 */
export async function restoreRaw(
  client: ClientBase,
  options: RestoreOptions,
): Promise<RestoreSummary> {
  const source = resolve(options.source);
  const isOne = isIndex(source);
  const folder = isOne ? dirname(dirname(source)) : source;
  const indexes = isOne ? [readIndex(source)] : readIndexes(folder);
  const total = indexes.reduce((sum, index) => sum + index.documents, 0);
  let done = 0;
  let [documents, readings] = [0, 0];
  for (const index of indexes) {
    const resource = resourceOf(index, options.resources, folder);
    await refuseOthers(client, folder, index);
    await verifyFile(folder, index);
    const restored = await inTransaction(client, () =>
      restoreFile(client, folder, resource, index, (inserted) => {
        options.onProgress(done + inserted, total);
        checkAborted(options.signal);
      }),
    );
    done += index.documents;
    documents += restored.documents;
    readings += restored.readings;
    if (options.checkpoints) await client.query('checkpoint');
  }
  await inTransaction(client, () => makeKnown(client, indexes, options.resources));
  const batches = new Set(
    indexes.flatMap((index) => index.batches.map(({ batch }) => batch.batch_id)),
  );
  return {
    source,
    files: indexes.length,
    batches: batches.size,
    documents,
    readings,
    present: total - documents,
  };
}

function checkAborted(signal: AbortSignal): void {
  if (!signal.aborted) return;
  throw new BeltError('Restoring was interrupted.', {
    hint: 'Run it again: what is there already is left as it is.',
  });
}

function resourceOf(
  { file, resource: table }: ArchiveIndex,
  resources: readonly Resource[],
  folder: string,
): Resource {
  const found = resources.find((resource) => resource.table === table);
  if (found !== undefined) return found;
  throw new BeltError(
    `${join(folder, file)} holds responses of raw.${table}, which this belt does not land.`,
    {
      hint: 'Add the resource to src/raw/resources.ts, with its migration.',
    },
  );
}

async function restoreFile(
  client: ClientBase,
  folder: string,
  resource: Resource,
  index: ArchiveIndex,
  onInserted: (documents: number) => void,
): Promise<{ readonly documents: number; readonly readings: number }> {
  const batchIds = index.batches.map(({ batch }) => String(batch.batch_id));
  const before = await countOf(client, resource, batchIds);
  let read = 0;
  for await (const group of groupsOf(join(folder, index.file))) {
    await insertGroup(client, resource, group, batchIds, folder);
    read += group.length;
    onInserted(read);
  }
  const after = await countOf(client, resource, batchIds);
  await client.query(
    `insert into raw.batch_content
      select * from jsonb_populate_recordset(null::raw.batch_content, $1::jsonb)
      on conflict (batch_id, resource) do nothing`,
    [JSON.stringify(index.batches.flatMap(({ contents }) => contents))],
  );
  await client.query(
    `update raw.batch_content set restored_at = now(), dropped_at = null, dropped_by = null
      where resource = $1 and batch_id = any ($2::bigint[])`,
    [resource.table, batchIds],
  );
  await recordLatest(client, resource, batchIds, await landingSpan(client, batchIds));
  await recordFile(client, folder, index);
  return {
    documents: after.documents - before.documents,
    readings: after.readings - before.readings,
  };
}

async function* groupsOf(path: string): AsyncGenerator<string[]> {
  let group: string[] = [];
  let length = 0;
  for await (const line of readLines(path)) {
    group.push(line);
    length += line.length;
    if (length < GROUP_LENGTH) continue;
    yield group;
    group = [];
    length = 0;
  }
  if (group.length > 0) yield group;
}

async function insertGroup(
  client: ClientBase,
  resource: Resource,
  group: readonly string[],
  batchIds: readonly string[],
  folder: string,
): Promise<void> {
  const table = rawTable(resource);
  const ids = group.map((line) => (JSON.parse(line) as { response_id: number }).response_id);
  const { rows } = await client.query<{ response_id: string; same: boolean }>(
    `select response_id, batch_id = any ($2::bigint[]) as same
      from ${table} where response_id = any ($1::bigint[])`,
    [ids, batchIds],
  );
  const taken = rows.find(({ same }) => !same);
  if (taken !== undefined) {
    throw new BeltError(
      `The response ${taken.response_id} of ${folder} can't be restored: its id is that of another one in ${table}.`,
      { hint: 'Restore the archive into the database that it is of, or into an empty one.' },
    );
  }
  const there = new Set(rows.map(({ response_id }) => Number(response_id)));
  const lines = group.filter((_line, at) => !there.has(ids[at] ?? 0));
  if (lines.length === 0) return;
  await client.query(
    `insert into ${table} select * from json_populate_recordset(null::${table}, $1::json)`,
    [`[${lines.join(',')}]`],
  );
}

async function countOf(
  client: ClientBase,
  resource: Resource,
  batchIds: readonly string[],
): Promise<{ readonly documents: number; readonly readings: number }> {
  const { rows } = await client.query<{ documents: string; readings: string }>(
    `select count(*) as documents, coalesce(sum(${hasReadings(resource) ? 'readings' : '0'}), 0) as readings
      from ${rawTable(resource)} where batch_id = any ($1::bigint[])`,
    [batchIds],
  );
  return { documents: Number(rows[0]?.documents), readings: Number(rows[0]?.readings) };
}

/** Makes batches known that are not yet, and later ids larger than theirs. */
async function makeKnown(
  client: ClientBase,
  indexes: readonly ArchiveIndex[],
  resources: readonly Resource[],
): Promise<void> {
  for (const index of indexes) {
    await client.query(
      `insert into raw.batch select * from jsonb_populate_recordset(null::raw.batch, $1::jsonb)
        on conflict (batch_id) do nothing`,
      [JSON.stringify(index.batches.map(({ batch }) => batch))],
    );
  }
  await raiseSequence(
    client,
    "pg_get_serial_sequence('raw.batch', 'batch_id')",
    'raw.batch',
    'batch_id',
  );
  for (const resource of resources) {
    await raiseSequence(client, "'raw.response_id'", rawTable(resource), 'response_id');
  }
}

async function raiseSequence(
  client: ClientBase,
  sequence: string,
  table: string,
  column: string,
): Promise<void> {
  const { rows } = await client.query<{ highest: string | null }>(
    `select max(${column}) as highest from ${table}`,
  );
  const highest = rows[0]?.highest;
  if (highest == null) return;
  // a sequence is not to go back: it is only raised where it is behind
  await client.query(
    `select setval(${sequence}::regclass, $1::bigint)
      where $1::bigint > (select coalesce(pg_sequence_last_value(${sequence}::regclass), 0))`,
    [highest],
  );
}
