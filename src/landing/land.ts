import { createHash } from 'node:crypto';
import type { PoolClient } from 'pg';
import { withAdvisoryLock } from '../database/advisory-lock.js';
import type { Database } from '../database/open-database.js';
import { withClient } from '../database/transaction.js';
import { BeltError } from '../errors.js';
import type { Resource } from '../raw/resource.js';
import { checkLargeFile, checkResponse, PART_BYTES, partsOfLargeFile } from './check-response.js';
import {
  type DirectorySize,
  measureDirectory,
  type SourceFile,
  walkDirectory,
} from './directory-source.js';
import { type KnownResponses, readKnownResponses } from './known-responses.js';
import { type LandedRow, landRows } from './land-rows.js';
import { type ReadFile, readAhead } from './read-ahead.js';
import { type RejectedFile, type RejectedSummary, recordRejected } from './rejected.js';

/** The advisory lock that lets one land run at a time, so that batches commit in order. */
const LAND_LOCK = 'belt land';

/** Bytes of documents that are copied at a time. */
const GROUP_BYTES = 8 * 1024 * 1024;
const GROUP_ROWS = 1000;

/** Files that are known, by one query, to have been landed before or not. */
const WINDOW_FILES = 2000;

/** Bytes after which the embedded engine makes a checkpoint within a batch. */
const CHECKPOINT_BYTES = 128 * 1024 * 1024;

const DAY_MS = 86_400_000;

export interface LandOptions {
  readonly source: string;
  readonly resources: readonly Resource[];
  readonly signal: AbortSignal;
}

export interface LandListener {
  onWait(): void;
  onProgress(bytesDone: number, bytesTotal: number): void;
  onRejected(file: RejectedFile): void;
}

/** What a batch holds. */
export interface LandSummary {
  readonly batchId: string;
  readonly source: string;
  readonly documents: number;
  readonly readings: number;
  readonly bytes: number;
  readonly skipped: number;
  readonly rejected: readonly RejectedSummary[];
  readonly seconds: number;
}

/** Lands all responses of a directory as one batch, in one transaction. */
export function land(
  database: Database,
  options: LandOptions,
  listener: LandListener,
): Promise<LandSummary> {
  const size = measureDirectory(options.source, options.resources);
  return withClient(database.pool, async (client) => {
    await client.query('set client_min_messages = warning');
    try {
      return await withAdvisoryLock(
        client,
        LAND_LOCK,
        () => landBatch(client, database.embedded !== undefined, size, options, listener),
        listener.onWait,
      );
    } finally {
      await client.query('reset client_min_messages').catch(() => undefined);
    }
  });
}

async function landBatch(
  client: PoolClient,
  checkpoints: boolean,
  size: DirectorySize,
  options: LandOptions,
  listener: LandListener,
): Promise<LandSummary> {
  const start = performance.now();
  const startedAt = new Date();
  const batch = await client.query<{ batch_id: string }>(
    "select nextval(pg_get_serial_sequence('raw.batch', 'batch_id')) as batch_id",
  );
  const batchId = batch.rows[0]?.batch_id ?? '';
  const tally: Tally = {
    documents: 0,
    readings: 0,
    bytes: 0,
    skipped: 0,
    rejected: [],
  };
  try {
    await client.query('begin');
    await landFiles({ client, checkpoints, batchId, startedAt, tally, options, listener }, size);
    await recordBatch(client, batchId, options.source, startedAt, tally, 'landed', null);
    await client.query('commit');
  } catch (error) {
    await client.query('rollback').catch(() => undefined);
    const interrupted = options.signal.aborted;
    const message = interrupted ? 'interrupted' : (error as Error).message;
    const nothing = { documents: 0, readings: 0, bytes: 0, skipped: 0, rejected: [] };
    await recordBatch(client, batchId, options.source, startedAt, nothing, 'failed', message).catch(
      () => undefined,
    );
    throw interrupted ? interruptedFault() : error;
  }
  if (checkpoints) await client.query('checkpoint');
  return {
    ...tally,
    batchId,
    source: options.source,
    seconds: (performance.now() - start) / 1000,
  };
}

interface Tally {
  documents: number;
  readings: number;
  bytes: number;
  skipped: number;
  rejected: RejectedSummary[];
}

interface Batch {
  readonly client: PoolClient;
  readonly checkpoints: boolean;
  readonly batchId: string;
  readonly startedAt: Date;
  readonly tally: Tally;
  readonly options: LandOptions;
  readonly listener: LandListener;
}

/** Checks the next documents while those before them are being copied. */
async function landFiles(batch: Batch, size: DirectorySize): Promise<void> {
  const { client, listener, options, tally } = batch;
  let done = 0;
  let group: LandedRow[] = [];
  let groupBytes = 0;
  let sinceCheckpoint = 0;
  let copying: Promise<void> = Promise.resolve();

  const flush = async () => {
    await copying;
    if (batch.checkpoints && sinceCheckpoint >= CHECKPOINT_BYTES) {
      sinceCheckpoint = 0;
      await client.query('checkpoint');
    }
    const rows = group;
    sinceCheckpoint += groupBytes;
    group = [];
    groupBytes = 0;
    copying = copyGroup(batch, rows);
    // a failure is met where the copying is awaited; until then it is not unhandled
    copying.catch(() => undefined);
  };

  // asked for behind what is being copied, a window ahead, so that neither waits for the other
  const lookUp = (files: readonly SourceFile[]) => {
    const known = copying.then(() => readKnownResponses(client, options.resources, files));
    copying = known.then(() => undefined);
    copying.catch(() => undefined);
    return known;
  };

  const windows = walkDirectory(options.source, options.resources, WINDOW_FILES);
  let files = nextWindow(windows);
  let known = lookUp(files);
  while (files.length > 0) {
    const nextFiles = nextWindow(windows);
    const nextKnown = nextFiles.length > 0 ? lookUp(nextFiles) : known;
    const latest = await known;
    for await (const read of readAhead(files, PART_BYTES)) {
      if (options.signal.aborted) throw interruptedFault();
      for await (const item of rowsOf(batch, read, latest)) {
        if (item.kind === 'skipped') {
          tally.skipped++;
        } else if (item.kind === 'rejected') {
          await copying;
          await reject(batch, item.file);
        } else {
          group.push(item.row);
          groupBytes += item.row.sizeBytes;
          if (groupBytes >= GROUP_BYTES || group.length >= GROUP_ROWS) await flush();
        }
      }
      done += read.file.sizeBytes;
      listener.onProgress(done, Math.max(done, size.bytes));
    }
    files = nextFiles;
    known = nextKnown;
  }
  await flush();
  await copying;
}

function nextWindow(windows: Iterator<SourceFile[]>): readonly SourceFile[] {
  const next = windows.next();
  return next.done === true ? [] : next.value;
}

async function copyGroup(batch: Batch, rows: readonly LandedRow[]): Promise<void> {
  const { tally } = batch;
  const refused = await landRows(batch.client, rows);
  const refusedRows = new Set(refused.map(({ row }) => row));
  for (const row of rows) {
    if (refusedRows.has(row)) continue;
    tally.documents++;
    tally.readings += row.readings;
    tally.bytes += row.sizeBytes;
  }
  for (const { row, message } of refused) {
    await reject(batch, {
      path: row.path,
      sha256: row.sha256,
      sizeBytes: row.sizeBytes,
      content: Buffer.concat(row.body),
      reason: 'refused_by_database',
      message: `the database refuses it: ${message}`,
      position: undefined,
      line: undefined,
      column: undefined,
    });
  }
}

async function reject(batch: Batch, file: RejectedFile): Promise<void> {
  await recordRejected(batch.client, batch.batchId, batch.startedAt, file);
  const { content: _kept, ...summary } = file;
  batch.tally.rejected.push(summary);
  batch.listener.onRejected(file);
}

type Item =
  | { readonly kind: 'skipped' }
  | { readonly kind: 'rejected'; readonly file: RejectedFile }
  | { readonly kind: 'row'; readonly row: LandedRow };

async function* rowsOf(
  batch: Batch,
  { file, content, error }: ReadFile,
  known: KnownResponses,
): AsyncGenerator<Item> {
  const latestMs = batch.startedAt.getTime() + DAY_MS;
  const common = {
    batchId: batch.batchId,
    landedAt: batch.startedAt,
    resource: file.resource,
    path: file.path,
    deviceUuid: file.deviceUuid,
  };
  if (file.sizeBytes > PART_BYTES) {
    const checked = await checkLargeFile(file, latestMs);
    if (known.isLatest(file.path, checked.sha256)) {
      yield { kind: 'skipped' };
      return;
    }
    if (!checked.ok) {
      yield { kind: 'rejected', file: checked.rejected };
      return;
    }
    const { parts } = checked;
    for await (const part of partsOfLargeFile(file, parts, latestMs)) {
      yield { kind: 'row', row: { ...common, ...part, sha256: checked.sha256 } };
    }
    return;
  }
  if (content === undefined) {
    yield { kind: 'rejected', file: unreadable(file, error) };
    return;
  }
  const sha256 = createHash('sha256').update(content).digest();
  if (known.isLatest(file.path, sha256)) {
    yield { kind: 'skipped' };
    return;
  }
  const checked = checkResponse(file, content, sha256, latestMs);
  if (!checked.ok) {
    yield { kind: 'rejected', file: checked.rejected };
    return;
  }
  yield {
    kind: 'row',
    row: {
      ...common,
      sha256,
      part: 1,
      parts: 1,
      sizeBytes: content.length,
      readings: checked.profile.readings,
      profile: checked.profile,
      body: [content],
    },
  };
}

function unreadable(file: SourceFile, error: unknown): RejectedFile {
  return {
    path: file.path,
    sha256: createHash('sha256').digest(),
    sizeBytes: file.sizeBytes,
    content: Buffer.alloc(0),
    reason: 'unreadable',
    message: `the file cannot be read: ${(error as Error).message}`,
    position: undefined,
    line: undefined,
    column: undefined,
  };
}

async function recordBatch(
  client: PoolClient,
  batchId: string,
  source: string,
  startedAt: Date,
  tally: Tally,
  status: 'landed' | 'failed',
  message: string | null,
): Promise<void> {
  await client.query(
    `insert into raw.batch (batch_id, source, started_at, ended_at, documents, readings, bytes,
        skipped, rejected, status, message)
      values ($1, $2, $3, clock_timestamp(), $4, $5, $6, $7, $8, $9, $10)`,
    [
      batchId,
      source,
      startedAt,
      tally.documents,
      tally.readings,
      tally.bytes,
      tally.skipped,
      tally.rejected.length,
      status,
      message,
    ],
  );
}

function interruptedFault(): BeltError {
  return new BeltError('Landing was interrupted; nothing of the batch was kept.', {
    hint: 'Run it again: it begins anew.',
  });
}
