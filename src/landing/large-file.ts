import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { rejectedFile } from './check-response.js';
import type { SourceFile } from './directory-walk.js';
import { REJECTED_CAP, type RejectedFile } from './rejected.js';
import { lacksDevice } from './resource-path.js';
import type { DocumentProfile } from './scan/document-profile.js';
import { type PartPlan, planParts } from './scan/response-parts.js';
import { createScanner, DEFAULT_PART_BYTES } from './scan/scanner.js';

/** Size from which a response is streamed, and landed in parts. */
export const PART_BYTES = DEFAULT_PART_BYTES;

const READ_BYTES = 1024 * 1024;

/** A large response that is fine, with the parts to cut it into, or what is to be put into quarantine. */
type CheckedLargeFile = { readonly sha256: Buffer } & (
  | { readonly ok: true; readonly parts: readonly PartPlan[]; readonly modifiedNs: bigint }
  | { readonly ok: false; readonly rejected: RejectedFile }
);

/** Checks a response that is too large for memory, by streaming it. */
export async function checkLargeFile(
  handle: FileHandle,
  file: SourceFile,
  latestMs: number,
): Promise<CheckedLargeFile> {
  const { mtimeNs: modifiedNs } = await handle.stat({ bigint: true });
  const hash = createHash('sha256');
  const scanner = createScanner(file.resource.shape, { latestMs });
  const first: Buffer[] = [];
  let kept = 0;
  let judged = false;
  const stream = handle.createReadStream({ start: 0, autoClose: false, highWaterMark: READ_BYTES });
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    hash.update(chunk);
    if (kept < REJECTED_CAP) {
      first.push(chunk);
      kept += chunk.length;
    }
    // of a refused document only the hash is still of interest
    if (!judged) judged = !scanner.push(chunk);
  }
  const sha256 = hash.digest();
  const result = scanner.end();
  if (!result.ok || lacksDevice(file)) {
    const rejected = rejectedFile(file, sha256, Buffer.concat(first), result);
    return { ok: false, sha256, rejected };
  }
  const parts = planParts(result.layout, result.size, PART_BYTES);
  return { ok: true, sha256, parts, modifiedNs };
}

/** A part of a response, itself a valid response. */
interface ResponsePart {
  readonly part: number;
  readonly parts: number;
  readonly sizeBytes: number;
  readonly readings: number;
  readonly profile: DocumentProfile;
  readonly body: readonly Buffer[];
}

/** Reads the parts of a large response that was checked, one at a time; throws FileChanged. */
export async function* partsOfLargeFile(
  handle: FileHandle,
  file: SourceFile,
  checked: CheckedLargeFile & { readonly ok: true },
  latestMs: number,
): AsyncGenerator<ResponsePart> {
  const parts = checked.parts.length;
  for (const [index, plan] of checked.parts.entries()) {
    const body = await readPart(handle, plan);
    const scanner = createScanner(file.resource.shape, { latestMs });
    scanner.push(body);
    const result = scanner.end();
    // the bytes that were checked and hashed have to be those that are landed
    const { mtimeNs } = await handle.stat({ bigint: true });
    if (!result.ok || mtimeNs !== checked.modifiedNs) throw new FileChanged();
    const { profile } = result;
    const sizeBytes = body.length;
    yield { part: index + 1, parts, sizeBytes, readings: profile.readings, profile, body: [body] };
  }
}

async function readPart(handle: FileHandle, plan: PartPlan): Promise<Buffer> {
  // zeroes are no JSON, where the file has become shorter
  const body = Buffer.alloc(plan.bytes);
  let at = 0;
  for (const segment of plan.segments) {
    if ('literal' in segment) {
      at += segment.literal.copy(body, at);
      continue;
    }
    const length = segment.end - segment.start;
    await handle.read(body, at, length, segment.start);
    at += length;
  }
  return body;
}

/** A file was written while it was read: what was read of it is neither what it was, nor what it is. */
export class FileChanged extends Error {
  constructor() {
    super('it was changed while it was landed; let a writer write beside it, and rename');
  }
}
