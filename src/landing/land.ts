import { withAdvisoryLock } from '../database/advisory-lock.js';
import type { Database } from '../database/open-database.js';
import { withClient } from '../database/transaction.js';
import { BeltError } from '../errors.js';
import { recordContents } from '../raw/batch-content.js';
import type { Resource } from '../raw/resource.js';
import { type Batch, beginBatch, recordLanded, removeWithdrawn } from './batch.js';
import { type CopySessions, withCopySessions } from './copy-sessions.js';
import { checkDirectory, measureDirectory, noResponse } from './directory-source.js';
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

/** What a batch holds. */
export interface LandSummary extends Readonly<Omit<Batch, 'startedAt' | 'withdrawn'>> {
  readonly seconds: number;
}

/** Lands all responses of a directory as one batch: all of it counts at once, or nothing. */
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
  const { client } = sessions.first;
  const batch = await beginBatch(client, options.source);
  listener.onStart(batch.batchId);
  try {
    await sessions.begin();
    await landFiles({
      sessions,
      batch,
      ...options,
      makesCheckpoints,
      onFile: progressOf(options, listener),
      onCopied: listener.onCopied,
      onRejected: listener.onRejected,
    });
    if (isEmpty(batch)) throw noResponse(options.source, options.resources, batch.passedOver);
    await sessions.commitOthers();
    // from here on the rows of all sessions are seen
    await removeWithdrawn(client, batch);
    await recordLanded(client, batch);
    await recordContents(client, batch.batchId, options.resources);
    await sessions.commitFirst();
  } catch (error) {
    await sessions.rollback();
    const fault = options.signal.aborted ? interruptedFault() : error;
    const message = options.signal.aborted ? 'interrupted' : (error as Error).message;
    // where that fails too, the next landing does it
    await discardUnfinished(client, options.resources, message).catch(() => undefined);
    throw fault;
  }
  if (makesCheckpoints) await client.query('checkpoint');
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

function isEmpty({ documents, skipped, rejected }: Batch): boolean {
  return documents + skipped + rejected.length === 0;
}

function interruptedFault(): BeltError {
  return new BeltError('Landing was interrupted; nothing of the batch was kept.', {
    hint: 'Run it again: it begins anew.',
  });
}
