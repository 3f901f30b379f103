import { readdirSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { ClientBase } from 'pg';
import { inTransaction } from '../../database/transaction.js';
import { BeltError } from '../../errors.js';
import { findOldRaw, type RawDay, type UnprocessedBatch } from '../old-raw.js';
import type { Resource } from '../resource.js';
import {
  type ArchiveIndex,
  isArchive,
  markerOf,
  markerText,
  readIndexes,
} from './archive-index.js';
import { verifyFile } from './archive-lines.js';
import { recordFile, refuseOthers, storedBytes } from './archive-record.js';
import { writeDurable } from './durable-file.js';
import { writeDay } from './write-day.js';

export interface ArchiveOptions {
  readonly folder: string;
  readonly resources: readonly Resource[];
  /** Whole days (UTC) of landing before that of this time are archived. */
  readonly before: Date;
  /** Whether the database keeps what is archived. */
  readonly keep: boolean;
  readonly signal: AbortSignal;
  /** Whether the engine lacks a checkpointer. */
  readonly checkpoints: boolean;
  onProgress(daysDone: number, days: number): void;
}

export interface ArchiveSummary {
  /** An absolute path. */
  readonly folder: string;
  readonly files: readonly {
    readonly file: string;
    readonly resource: string;
    readonly landedOn: string;
    readonly documents: number;
    readonly readings: number;
    /** With its index. */
    readonly storedBytes: number;
    /** Whether it had been written before, by a run that did not come to dropping, or kept. */
    readonly was: boolean;
  }[];
  readonly documents: number;
  readonly readings: number;
  readonly storedBytes: number;
  readonly dropped: boolean;
  readonly unprocessed: readonly UnprocessedBatch[];
}

/**
 * Archives raw of old days, a file a day and resource, and drops it from the database. What is
 * dropped is in a file that is on the disk and was read back; a run that was stopped is taken up by
 * the next one. Batches that a model has still to process are left where they are.
 */
export async function archiveRaw(
  client: ClientBase,
  options: ArchiveOptions,
): Promise<ArchiveSummary> {
  const folder = resolve(options.folder);
  await openArchive(folder);
  const { days, unprocessed } = await findOldRaw(client, options.resources, options.before);
  const known = readIndexes(folder);
  const files: ArchiveSummary['files'][number][] = [];
  for (const [done, day] of days.entries()) {
    options.onProgress(done, days.length);
    checkAborted(options.signal);
    const held = await indexesOf(client, folder, known, day);
    const indexes = [...held.indexes];
    if (held.left.batches.length > 0) {
      indexes.push(await writeDay(client, folder, held.left, () => checkAborted(options.signal)));
    }
    await inTransaction(client, async () => {
      for (const index of indexes) await recordFile(client, folder, index);
      if (options.keep) return;
      const batchIds = day.batches.map(({ batchId }) => batchId);
      await client.query("select raw.drop_batches($1, $2::bigint[], 'archive')", [
        day.resource.table,
        batchIds,
      ]);
    });
    if (options.checkpoints) await client.query('checkpoint');
    for (const index of indexes) files.push(described(folder, index, known.includes(index)));
  }
  options.onProgress(days.length, days.length);
  const sum = (key: 'documents' | 'readings' | 'storedBytes') =>
    files.reduce((total, file) => total + file[key], 0);
  return {
    folder,
    files,
    documents: sum('documents'),
    readings: sum('readings'),
    storedBytes: sum('storedBytes'),
    dropped: !options.keep,
    unprocessed,
  };
}

function checkAborted(signal: AbortSignal): void {
  if (!signal.aborted) return;
  throw new BeltError('Archiving was interrupted. Nothing was dropped that is not archived.', {
    hint: 'Run it again: it goes on where it was.',
  });
}

/** Makes an archive, or takes up one: a folder that holds other things is refused. */
async function openArchive(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  if (isArchive(folder)) return;
  if (readdirSync(folder).some((name) => !name.startsWith('belt-archive.json'))) {
    throw new BeltError(`${folder} is no archive of belt's, and not empty.`, {
      hint: 'Name an archive, an empty folder, or one that is not there yet: --to DIR.',
    });
  }
  await writeDurable(markerOf(folder), markerText());
}

/** What an archive holds of a day already, held against its checksums, and what it does not. */
async function indexesOf(
  client: ClientBase,
  folder: string,
  known: readonly ArchiveIndex[],
  day: RawDay,
): Promise<{ readonly indexes: readonly ArchiveIndex[]; readonly left: RawDay }> {
  const ids = new Set(day.batches.map(({ batchId }) => batchId));
  const indexes = known.filter(
    ({ resource, batches }) =>
      resource === day.resource.table &&
      batches.some(({ batch }) => ids.has(String(batch.batch_id))),
  );
  const archived = new Map<string, number>();
  for (const index of indexes) {
    await refuseOthers(client, folder, index);
    await verifyFile(folder, index);
    for (const { batch, documents } of index.batches) {
      const id = String(batch.batch_id);
      archived.set(id, Math.max(documents, archived.get(id) ?? 0));
    }
  }
  const batches = day.batches.filter(
    ({ batchId, documents }) => (archived.get(batchId) ?? 0) < documents,
  );
  return { indexes, left: { ...day, batches } };
}

function described(folder: string, index: ArchiveIndex, was: boolean) {
  const { file, resource, landed_on: landedOn, documents, readings } = index;
  return {
    file,
    resource,
    landedOn,
    documents,
    readings,
    storedBytes: storedBytes(folder, index),
    was,
  };
}
