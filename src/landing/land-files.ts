import type { ClientBase } from 'pg';
import type { Resource } from '../raw/resource.js';
import type { Batch } from './batch.js';
import { walkDirectory } from './directory-source.js';
import type { Found, SourceFile } from './directory-walk.js';
import { rowsOfFile } from './file-rows.js';
import { readKnownResponses } from './known-responses.js';
import { type LandedRow, landRows } from './land-rows.js';
import { PART_BYTES } from './large-file.js';
import { readAhead } from './read-ahead.js';
import { type RejectedFile, recordRejected, refusedByDatabase, unreadable } from './rejected.js';
import { WorkQueue } from './work-queue.js';

/** Bytes and rows of documents that are copied at a time. */
const GROUP_BYTES = 8 * 1024 * 1024;
const GROUP_ROWS = 1000;

/** Files that are known, by one query, to have been landed before or not. */
const WINDOW_FILES = 2000;

/** Bytes after which the embedded engine makes a checkpoint within a batch. */
const CHECKPOINT_BYTES = 128 * 1024 * 1024;

/** What landing the files of a batch needs. */
export interface FileLanding {
  readonly client: ClientBase;
  readonly batch: Batch;
  readonly resources: readonly Resource[];
  readonly signal: AbortSignal;
  /** Whether the engine makes no checkpoints by itself. */
  readonly makesCheckpoints: boolean;
  /** A file is done, whatever became of it. */
  onFile(sizeBytes: number): void;
  /** More of the batch is in the database, though not committed. */
  onCopied(batch: Batch): void;
  onRejected(file: RejectedFile): void;
}

/**
 * Lands the files of a batch's source in the open transaction: checks the next documents while those
 * before them are being copied. Rejects once the signal is aborted.
 */
export async function landFiles(landing: FileLanding): Promise<void> {
  const queue = new WorkQueue();
  try {
    await landInOrder(landing, queue);
  } finally {
    // what has been begun must not go on behind a rollback, where it would be kept
    await queue.end();
  }
}

async function landInOrder(landing: FileLanding, queue: WorkQueue): Promise<void> {
  const { client, batch, resources, signal } = landing;
  let group: LandedRow[] = [];
  let groupBytes = 0;
  let sinceCheckpoint = 0;

  const flush = async () => {
    // one group at a time, so that memory holds two at the most
    await queue.end();
    const rows = group;
    const checkpoint = landing.makesCheckpoints && sinceCheckpoint >= CHECKPOINT_BYTES;
    sinceCheckpoint = groupBytes + (checkpoint ? 0 : sinceCheckpoint);
    group = [];
    groupBytes = 0;
    if (checkpoint) void queue.add(() => client.query('checkpoint'));
    void queue.add(() => copyGroup(landing, rows));
  };

  // asked for a window ahead, so that neither the files nor the database wait for it
  const windows = walkDirectory(batch.source, resources, WINDOW_FILES);
  const lookUp = () => {
    const next = windows.next();
    const found: readonly Found[] = next.done === true ? [] : next.value;
    const files = filesOf(found);
    return { found, files, known: queue.add(() => readKnownResponses(client, files)) };
  };

  let next = lookUp();
  while (next.found.length > 0) {
    const { found, files, known } = next;
    next = lookUp();
    const latest = await known;
    for (const other of found) await noteOther(landing, queue, other);
    for await (const read of readAhead(files, PART_BYTES)) {
      signal.throwIfAborted();
      for await (const outcome of rowsOfFile(batch, read, latest)) {
        if (outcome.kind === 'skipped') {
          batch.skipped++;
        } else if (outcome.kind === 'rejected') {
          await queue.add(() => reject(landing, outcome.file));
        } else {
          group.push(outcome.row);
          groupBytes += outcome.row.sizeBytes;
          if (groupBytes >= GROUP_BYTES || group.length >= GROUP_ROWS) await flush();
        }
      }
      landing.onFile(read.file.sizeBytes);
    }
  }
  await flush();
}

function filesOf(found: readonly Found[]): SourceFile[] {
  return found.flatMap((one) => (one.kind === 'response' ? [one.file] : []));
}

async function noteOther(landing: FileLanding, queue: WorkQueue, found: Found): Promise<void> {
  if (found.kind === 'passed over') {
    const { passedOver } = landing.batch;
    passedOver.files++;
    passedOver.example ??= found.path;
  } else if (found.kind === 'unreadable') {
    await queue.add(() => reject(landing, unreadable(found.path, found.error)));
  }
}

async function copyGroup(landing: FileLanding, rows: readonly LandedRow[]): Promise<void> {
  const { client, batch } = landing;
  const refused = await landRows(client, rows);
  const refusedRows = new Set(refused.map(({ row }) => row));
  for (const row of rows) {
    if (refusedRows.has(row)) continue;
    batch.documents++;
    batch.readings += row.readings;
    batch.bytes += row.sizeBytes;
  }
  for (const { row, message } of refused) await reject(landing, refusedByDatabase(row, message));
  if (rows.length > 0) landing.onCopied(batch);
}

async function reject(
  { client, batch, onRejected }: FileLanding,
  file: RejectedFile,
): Promise<void> {
  await recordRejected(client, batch.batchId, batch.startedAt, file);
  const { content: _kept, ...summary } = file;
  batch.rejected.push(summary);
  onRejected(file);
}
