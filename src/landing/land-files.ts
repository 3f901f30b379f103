import type { Resource } from '../raw/resource.js';
import type { Batch } from './batch.js';
import { copyGroup, RowGroup } from './copy-group.js';
import type { CopySessions } from './copy-sessions.js';
import { walkDirectory } from './directory-source.js';
import type { Found, SourceFile } from './directory-walk.js';
import { rowsOfFile } from './file-rows.js';
import { readKnownResponses } from './known-responses.js';
import { PART_BYTES } from './large-file.js';
import { readAhead } from './read-ahead.js';
import { type RejectedFile, recordRejected, unreadable } from './rejected.js';
import { ResponseIds } from './response-ids.js';

/** Bytes and rows of documents that are copied at a time. */
const GROUP_BYTES = 8 * 1024 * 1024;
const GROUP_ROWS = 1000;

/** Files that are known, by one query, to have been landed before or not. */
const WINDOW_FILES = 2000;

/** Bytes after which the embedded engine makes a checkpoint within a batch. */
const CHECKPOINT_BYTES = 128 * 1024 * 1024;

/** What landing the files of a batch needs. */
export interface FileLanding {
  readonly sessions: CopySessions;
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
 * Lands the files of a batch's source in the open transactions: checks the next documents while those
 * before them are being copied, and numbers them in the order of the files, whichever session is the
 * first to have copied its own. Rejects once the signal is aborted.
 */
export async function landFiles(landing: FileLanding): Promise<void> {
  const { sessions, batch, resources, signal } = landing;
  const { client, queue } = sessions.first;
  const ids = new ResponseIds(client, queue);
  let group = new RowGroup();
  let sinceCheckpoint = 0;

  // it goes on when a session has begun, so that memory holds a group more than there are sessions
  const flush = async () => {
    const full = group;
    group = new RowGroup();
    sinceCheckpoint += full.bytes;
    const checkpoint = landing.makesCheckpoints && sinceCheckpoint >= CHECKPOINT_BYTES;
    if (checkpoint) sinceCheckpoint = 0;
    await sessions.copy(
      async (session) => {
        if (checkpoint) await session.query('checkpoint');
        return copyGroup(session, batch, full);
      },
      async (refused) => {
        for (const file of refused) await reject(landing, file);
        if (full.rows.length > 0) landing.onCopied(batch);
      },
    );
  };

  // asked for a window ahead, so that neither the files nor the database wait for it
  const windows = walkDirectory(batch.source, resources, WINDOW_FILES);
  const lookUp = () => {
    const next = windows.next();
    const found: readonly Found[] = next.done === true ? [] : next.value;
    const files = filesOf(found);
    void ids.reserve(files.length);
    return { found, files, known: queue.add(() => readKnownResponses(client, files)) };
  };

  let next = lookUp();
  while (next.found.length > 0) {
    const { found, files, known } = next;
    next = lookUp();
    const latest = await known;
    for (const other of found) await noteOther(landing, other);
    for await (const read of readAhead(files, PART_BYTES)) {
      signal.throwIfAborted();
      for await (const outcome of rowsOfFile(batch, read, latest)) {
        if (outcome.kind === 'skipped') {
          batch.skipped++;
        } else if (outcome.kind === 'rejected') {
          await reject(landing, outcome.file);
        } else if (outcome.kind === 'withdrawn') {
          batch.withdrawn.push(read.file);
          await reject(landing, outcome.file);
        } else {
          group.add({ ...outcome.row, responseId: await ids.next() });
          if (group.bytes >= GROUP_BYTES || group.rows.length >= GROUP_ROWS) await flush();
        }
      }
      landing.onFile(read.file.sizeBytes);
    }
  }
  await flush();
  await sessions.end();
}

function filesOf(found: readonly Found[]): SourceFile[] {
  return found.flatMap((one) => (one.kind === 'response' ? [one.file] : []));
}

async function noteOther(landing: FileLanding, found: Found): Promise<void> {
  if (found.kind === 'passed over') {
    const { passedOver } = landing.batch;
    passedOver.files++;
    passedOver.example ??= found.path;
  } else if (found.kind === 'unreadable') {
    await reject(landing, unreadable(found.path, found.error));
  }
}

/** Puts a file aside, by the session that commits last. */
async function reject(
  { sessions: { first }, batch, onRejected }: FileLanding,
  file: RejectedFile,
): Promise<void> {
  await first.queue.add(() => recordRejected(first.client, batch.batchId, batch.startedAt, file));
  const { content: _kept, ...summary } = file;
  batch.rejected.push(summary);
  onRejected(file);
}
