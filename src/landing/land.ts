import type { ClientBase } from 'pg';
import { withAdvisoryLock } from '../database/advisory-lock.js';
import type { Database } from '../database/open-database.js';
import { withClient } from '../database/transaction.js';
import { BeltError } from '../errors.js';
import { recordContents } from '../raw/batch-content.js';
import { makeDay } from '../raw/raw-table.js';
import type { Resource } from '../raw/resource.js';
import { type Batch, beginBatch, newBatch, recordLanded, removeWithdrawn } from './batch.js';
import { type CopySessions, withCopySessions } from './copy-sessions.js';
import { checkDirectory, measureDirectory } from './directory-source.js';
import type { FileMemory } from './file-memory.js';
import { landFiles } from './land-files.js';
import type { RejectedFile } from './rejected.js';
import { discardUnfinished } from './unfinished.js';

/** The advisory lock that lets one land run at a time, so that batches commit in order. */
const LAND_LOCK = 'belt land';

export interface LandOptions {
  readonly source: string;
  readonly resources: readonly Resource[];
  /** Sessions that copy side by side; the embedded engine has one. */
  readonly threads: number;
  readonly signal: AbortSignal;
  /** What the landings of a source before this one have seen, if they are to follow each other. */
  readonly memory?: FileMemory;
}

export interface LandListener {
  onWait(): void;
  onStart(batchId: string): void;
  /** Bytes of files that are done, and of all. Without it, the source is not measured beforehand. */
  readonly onProgress: ((bytesDone: number, bytesTotal: number) => void) | undefined;
  /** More of the batch is in the database, though not committed. */
  onCopied(batch: Batch): void;
  onRejected(file: RejectedFile): void;
}

/** What a batch holds, or that there was nothing to land. */
export interface LandSummary extends Readonly<Omit<Batch, 'startedAt' | 'withdrawn'>> {
  readonly seconds: number;
}

/**
 * Lands what is new in a directory as one batch: all of it counts at once, or nothing. Where nothing
 * is new there is no batch.
 */
export function land(
  database: Database,
  options: LandOptions,
  listener: LandListener,
): Promise<LandSummary> {
  checkDirectory(options.source, options.resources);
  return withClient(database.pool, async (client) => {
    await client.query('set client_min_messages = warning');
    try {
      return await withAdvisoryLock(
        client,
        LAND_LOCK,
        async () => {
          await discardUnfinished(client, options.resources, 'it was stopped before its end');
          const isEmbedded = database.engine === 'embedded';
          const threads = isEmbedded ? 1 : options.threads;
          return withCopySessions(database.pool, client, threads, (sessions) =>
            landBatch(sessions, isEmbedded, options, listener),
          );
        },
        listener.onWait,
      );
    } finally {
      await client.query('reset client_min_messages').catch(() => undefined);
    }
  });
}

async function landBatch(
  sessions: CopySessions,
  makesCheckpoints: boolean,
  options: LandOptions,
  listener: LandListener,
): Promise<LandSummary> {
  const start = performance.now();
  const { client, queue } = sessions.first;
  const { memory } = options;
  const batch = newBatch(options.source);
  const isMemoryCurrent = memory?.begin(await lastResponseId(client)) ?? false;
  const begun = async () => {
    const batchId = await beginBatch(client, batch);
    listener.onStart(batchId);
    await makeDay(client, options.resources, batch.startedAt);
    await sessions.begin();
    return batchId;
  };
  let beginning: Promise<string> | undefined;
  try {
    await landFiles({
      sessions,
      batch,
      ...options,
      makesCheckpoints,
      memory,
      isMemoryCurrent,
      begin: () => {
        beginning ??= queue.add(begun);
        return beginning;
      },
      onFile: progressOf(options, listener),
      onCopied: listener.onCopied,
      onRejected: listener.onRejected,
    });
    if (batch.batchId !== undefined) {
      await sessions.commitOthers();
      // from here on the rows of all sessions are seen
      await removeWithdrawn(client, batch);
      await recordLanded(client, batch);
      await recordContents(client, batch.batchId, batch.startedAt, options.resources);
      await sessions.commitFirst();
    }
  } catch (error) {
    await sessions.rollback();
    const fault = options.signal.aborted ? interruptedFault() : error;
    const message = options.signal.aborted ? 'interrupted' : (error as Error).message;
    // where that fails too, the next landing does it
    await discardUnfinished(client, options.resources, message).catch(() => undefined);
    throw fault;
  }
  memory?.finish(await lastResponseId(client));
  if (makesCheckpoints && batch.batchId !== undefined) await client.query('checkpoint');
  const { startedAt: _known, withdrawn: _told, ...summary } = batch;
  return { ...summary, seconds: (performance.now() - start) / 1000 };
}

/** Adds up what is done, if anybody wants to know. */
function progressOf(
  { source, resources }: LandOptions,
  { onProgress }: LandListener,
): (sizeBytes: number) => void {
  if (onProgress === undefined) return () => undefined;
  const total = measureDirectory(source, resources);
  let done = 0;
  return (sizeBytes) => {
    done += sizeBytes;
    onProgress(done, Math.max(done, total));
  };
}

/** Of who keeps other landings out: the same as before where nobody has landed anything since. */
async function lastResponseId(client: ClientBase): Promise<string> {
  const { rows } = await client.query<{ id: string }>(
    'select last_value::text as id from raw.response_id',
  );
  return rows[0]?.id ?? '';
}

/** Whether a source holds no response at all. */
export function isEmpty({ documents, skipped, unsettled, rejected }: LandSummary): boolean {
  return documents + skipped + unsettled + rejected.length === 0;
}

function interruptedFault(): BeltError {
  return new BeltError('Landing was interrupted; nothing of the batch was kept.', {
    hint: 'Run it again: it begins anew.',
  });
}
