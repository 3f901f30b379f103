import type { ClientBase } from 'pg';
import type { Resource } from '../raw/resource.js';
import type { Batch } from './batch.js';
import { copyGroup, RowGroup } from './copy-group.js';
import type { CopySessions } from './copy-sessions.js';
import { walkDirectory } from './directory-source.js';
import type { Found, SourceFile } from './directory-walk.js';
import type { FileMemory } from './file-memory.js';
import { type FileOutcome, rowsOfFile } from './file-rows.js';
import { type KnownResponses, readKnownResponses } from './known-responses.js';
import { PART_BYTES } from './large-file.js';
import { readAhead } from './read-ahead.js';
import { type RejectedFile, recordRejected, unreadable } from './rejected.js';
import { ResponseIds } from './response-ids.js';

/** Bytes and rows of documents that are copied at a time. */
const GROUP_BYTES = 2 * 1024 * 1024;
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
  readonly memory: FileMemory | undefined;
  /** Whether what the memory recalls is true of the database too. */
  readonly isMemoryCurrent: boolean;
  /** Begins the batch and the transactions, once there is something to write. Gives the batch's id. */
  begin(): Promise<string>;
  /** A file is done, whatever became of it. */
  onFile(sizeBytes: number): void;
  /** More of the batch is in the database, though not committed. */
  onCopied(batch: Batch): void;
  onRejected(file: RejectedFile): void;
}

/**
 * Lands the files of a batch's source, in transactions that it begins when they are needed: checks the
 * next documents while those before them are being copied, and numbers them in the order of the files,
 * whichever session is the first to have copied its own. Rejects once the signal is aborted.
 */
export async function landFiles(landing: FileLanding): Promise<void> {
  const { sessions, batch, resources, signal } = landing;
  const { client, queue } = sessions.first;
  const ids = new ResponseIds(client, queue);
  let group = new RowGroup();
  let sinceCheckpoint = 0;

  // it goes on when a session has begun, so that memory holds a group more than there are sessions
  const flush = async () => {
    if (group.rows.length === 0) return;
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
        for (const file of refused) {
          landing.memory?.noteRejected(file.path);
          await reject(landing, file, false);
        }
        landing.onCopied(batch);
      },
    );
  };

  // asked for a window ahead, so that neither the files nor the database wait for it
  const windows = walkDirectory(batch.source, resources, WINDOW_FILES);
  const lookUp = () => {
    const next = windows.next();
    const found: readonly Found[] = next.done === true ? [] : next.value;
    const files = filesOf(found).filter((file) => !isRecalled(landing, file));
    const paths = [...files.map(({ path }) => path), ...foldersOf(found)];
    if (files.length > 0) void ids.reserve(files.length);
    return { found, files, known: queue.add(async () => knownOf(client, paths)) };
  };

  let next = lookUp();
  while (next.found.length > 0) {
    const { found, files, known } = next;
    next = lookUp();
    const latest = await known;
    for (const other of found) await noteOther(landing, other, latest);
    const changed = files.filter((file) => !isLandedAsSeen(landing, file, latest));
    for await (const read of readAhead(changed, PART_BYTES)) {
      signal.throwIfAborted();
      for await (const outcome of rowsOfFile(batch, read, latest)) {
        noteSeen(landing, read.file, outcome);
        if (outcome.kind === 'skipped') {
          batch.skipped++;
        } else if (outcome.kind === 'row') {
          const batchId = await landing.begin();
          group.add({ ...outcome.row, batchId, responseId: await ids.next() });
          if (group.bytes >= GROUP_BYTES || group.rows.length >= GROUP_ROWS) await flush();
        } else {
          if (outcome.kind === 'withdrawn') batch.withdrawn.push(read.file);
          await putAside(landing, read.file, outcome, latest);
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

function foldersOf(found: readonly Found[]): string[] {
  return found.flatMap((one) => (one.kind === 'unreadable' ? [one.path] : []));
}

async function knownOf(client: ClientBase, paths: readonly string[]): Promise<KnownResponses> {
  if (paths.length > 0) return readKnownResponses(client, paths);
  return { isLatest: () => false, isRejected: () => false };
}

/** Whether a file need not be looked at again, whatever the database holds; counts it then. */
function isRecalled(landing: FileLanding, file: SourceFile): boolean {
  const { memory, isMemoryCurrent, batch } = landing;
  const seen = memory?.recall(file.path, file.mark);
  if (seen === undefined || !(seen.wasRejected || isMemoryCurrent)) return false;
  if (!seen.wasRejected) batch.skipped++;
  landing.onFile(file.sizeBytes);
  return true;
}

/** Whether a file that was not written since was landed last for its path; counts it then. */
function isLandedAsSeen(landing: FileLanding, file: SourceFile, known: KnownResponses): boolean {
  const seen = landing.memory?.recall(file.path, file.mark);
  if (seen === undefined || !known.isLatest(file.path, seen.sha256)) return false;
  landing.batch.skipped++;
  landing.onFile(file.sizeBytes);
  return true;
}

function noteSeen({ memory }: FileLanding, file: SourceFile, outcome: FileOutcome): void {
  if (outcome.kind === 'skipped' || outcome.kind === 'row') {
    const { sha256 } = outcome.kind === 'row' ? outcome.row : outcome;
    memory?.note(file.path, file.mark, { sha256, wasRejected: false });
  } else if (outcome.file.reason === 'unreadable') {
    // it may be readable the next time without being written
    memory?.forget(file.path);
  } else {
    memory?.note(file.path, file.mark, { sha256: outcome.file.sha256, wasRejected: true });
  }
}

/** Puts a file into quarantine; or leaves it to the next landing, if it may be half written. */
async function putAside(
  landing: FileLanding,
  { mark }: SourceFile,
  { kind, file }: FileOutcome & { readonly file: RejectedFile },
  known: KnownResponses,
): Promise<void> {
  const isUnsettled = kind === 'withdrawn' || mark?.isSettled === false;
  if (landing.memory !== undefined && isUnsettled) landing.batch.unsettled++;
  else await reject(landing, file, known.isRejected(file.path, file.sha256));
}

async function noteOther(landing: FileLanding, found: Found, known: KnownResponses): Promise<void> {
  if (found.kind === 'passed over') {
    const { passedOver } = landing.batch;
    passedOver.files++;
    passedOver.example ??= found.path;
  } else if (found.kind === 'unreadable') {
    const file = unreadable(found.path, found.error);
    await reject(landing, file, known.isRejected(file.path, file.sha256));
  }
}

/** Puts a file aside, by the session that commits last, unless it `isKnown` to be there. */
async function reject(
  { sessions: { first }, batch, begin, onRejected }: FileLanding,
  file: RejectedFile,
  isKnown: boolean,
): Promise<void> {
  if (!isKnown) {
    const batchId = await begin();
    await first.queue.add(() => recordRejected(first.client, batchId, batch.startedAt, file));
  }
  const { content: _kept, ...summary } = file;
  batch.rejected.push(summary);
  onRejected(file);
}
