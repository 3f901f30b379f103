import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import type { Batch } from './batch.js';
import { checkResponse } from './check-response.js';
import type { SourceFile } from './directory-walk.js';
import type { KnownResponses } from './known-responses.js';
import type { CheckedRow } from './land-rows.js';
import { checkLargeFile, FileChanged, partsOfLargeFile } from './large-file.js';
import { openFile } from './open-file.js';
import type { ReadFile } from './read-ahead.js';
import { type RejectedFile, unreadable } from './rejected.js';

const DAY_MS = 86_400_000;

/** A row that is of no batch yet. */
type FileRow = Omit<CheckedRow, 'batchId'>;

/** What becomes of a file: rows to land, or that it is skipped or put aside. */
export type FileOutcome =
  | { readonly kind: 'skipped'; readonly sha256: Buffer }
  | { readonly kind: 'rejected'; readonly file: RejectedFile }
  /** As rejected, but rows of it were given before. */
  | { readonly kind: 'withdrawn'; readonly file: RejectedFile }
  | { readonly kind: 'row'; readonly row: FileRow };

/** Checks a file; one that is large gives a row for each of its parts. */
export async function* rowsOfFile(
  batch: Batch,
  { file, content, error }: ReadFile,
  known: KnownResponses,
): AsyncGenerator<FileOutcome> {
  if (error !== undefined) {
    yield { kind: 'rejected', file: unreadable(file.path, error, file.sizeBytes) };
  } else if (content === undefined) {
    yield* rowsOfLargeFile(batch, file, known);
  } else {
    yield outcomeOf(batch, file, content, known);
  }
}

function outcomeOf(
  batch: Batch,
  file: SourceFile,
  content: Buffer,
  known: KnownResponses,
): FileOutcome {
  const sha256 = createHash('sha256').update(content).digest();
  if (known.isLatest(file.path, sha256)) return { kind: 'skipped', sha256 };
  const checked = checkResponse(file, content, sha256, latestMsOf(batch));
  if (!checked.ok) return { kind: 'rejected', file: checked.rejected };
  const { profile } = checked;
  return {
    kind: 'row',
    row: {
      ...originOf(batch, file),
      sha256,
      part: 1,
      parts: 1,
      sizeBytes: content.length,
      readings: profile.readings,
      profile,
      body: [content],
    },
  };
}

async function* rowsOfLargeFile(
  batch: Batch,
  file: SourceFile,
  known: KnownResponses,
): AsyncGenerator<FileOutcome> {
  let handle: FileHandle | undefined;
  try {
    let checked: Awaited<ReturnType<typeof checkLargeFile>>;
    try {
      handle = (await openFile(file)).handle;
      checked = await checkLargeFile(handle, file, latestMsOf(batch));
    } catch (error) {
      yield { kind: 'rejected', file: unreadable(file.path, error, file.sizeBytes) };
      return;
    }
    const { sha256 } = checked;
    if (known.isLatest(file.path, sha256)) yield { kind: 'skipped', sha256 };
    else if (!checked.ok) yield { kind: 'rejected', file: checked.rejected };
    else {
      for await (const part of partsOfLargeFile(handle, file, checked, latestMsOf(batch))) {
        yield { kind: 'row', row: { ...originOf(batch, file), ...part, sha256 } };
      }
    }
  } catch (error) {
    if (!(error instanceof FileChanged)) throw error;
    yield { kind: 'withdrawn', file: unreadable(file.path, error, file.sizeBytes) };
  } finally {
    await handle?.close();
  }
}

/** The latest possible time of a reading, in milliseconds since 1970. */
function latestMsOf({ startedAt }: Batch): number {
  return startedAt.getTime() + DAY_MS;
}

function originOf({ startedAt }: Batch, { resource, path, deviceUuid }: SourceFile) {
  return { landedAt: startedAt, resource, path, deviceUuid };
}
