import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import type { SourceFile } from './directory-source.js';
import { REJECTED_CAP, type RejectedFile } from './rejected.js';
import { lacksDevice } from './resource-path.js';
import type { DocumentProfile } from './scan/document-profile.js';
import { type PartPlan, planParts } from './scan/response-parts.js';
import type { ScanFault } from './scan/scan-fault.js';
import { createScanner, DEFAULT_PART_BYTES, type ScanResult } from './scan/scanner.js';

/** Size from which a response is streamed, and landed in parts. */
export const PART_BYTES = DEFAULT_PART_BYTES;

const READ_BYTES = 1024 * 1024;

/** A response that is fine, or what is to be put into quarantine. */
export type CheckedResponse =
  | { readonly ok: true; readonly profile: DocumentProfile }
  | { readonly ok: false; readonly rejected: RejectedFile };

/** Checks a response that is held in memory. */
export function checkResponse(
  file: SourceFile,
  content: Buffer,
  sha256: Buffer,
  latestMs: number,
): CheckedResponse {
  const scanner = createScanner(file.resource.shape, { latestMs });
  scanner.push(content);
  const fault = pathFault(file);
  const result = scanner.end();
  if (result.ok && fault === undefined) return { ok: true, profile: result.profile };
  return { ok: false, rejected: rejectedFile(file, sha256, content, result, fault) };
}

/** A large response that is fine, with the parts to cut it into, or what is to be put into quarantine. */
export type CheckedLargeFile = { readonly sha256: Buffer } & (
  | { readonly ok: true; readonly parts: readonly PartPlan[] }
  | { readonly ok: false; readonly rejected: RejectedFile }
);

/** Checks a response that is too large for memory, by streaming it. */
export async function checkLargeFile(
  file: SourceFile,
  latestMs: number,
): Promise<CheckedLargeFile> {
  const hash = createHash('sha256');
  const scanner = createScanner(file.resource.shape, { latestMs });
  const first: Buffer[] = [];
  let kept = 0;
  let judged = false;
  const stream = createReadStream(file.file, { highWaterMark: READ_BYTES });
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
  const fault = pathFault(file);
  const result = scanner.end();
  if (!result.ok || fault !== undefined) {
    const content = Buffer.concat(first);
    return { ok: false, sha256, rejected: rejectedFile(file, sha256, content, result, fault) };
  }
  return { ok: true, sha256, parts: planParts(result.layout, result.size, PART_BYTES) };
}

/** A part of a response, itself a valid response. */
export interface ResponsePart {
  readonly part: number;
  readonly parts: number;
  readonly sizeBytes: number;
  readonly readings: number;
  readonly profile: DocumentProfile;
  readonly body: readonly Buffer[];
}

/** Reads the parts of a large response, one at a time. */
export async function* partsOfLargeFile(
  file: SourceFile,
  plans: readonly PartPlan[],
  latestMs: number,
): AsyncGenerator<ResponsePart> {
  const handle = await open(file.file);
  try {
    for (const [index, plan] of plans.entries()) {
      const body = Buffer.allocUnsafe(plan.bytes);
      let at = 0;
      for (const segment of plan.segments) {
        if ('literal' in segment) {
          at += segment.literal.copy(body, at);
          continue;
        }
        const length = segment.end - segment.start;
        const { bytesRead } = await handle.read(body, at, length, segment.start);
        at += bytesRead;
      }
      const scanner = createScanner(file.resource.shape, { latestMs });
      scanner.push(body);
      const result = scanner.end();
      if (!result.ok) {
        throw new Error(`${file.path} was changed while it was read: ${result.fault.message}`);
      }
      yield {
        part: index + 1,
        parts: plans.length,
        sizeBytes: body.length,
        readings: result.profile.readings,
        profile: result.profile,
        body: [body],
      };
    }
  } finally {
    await handle.close();
  }
}

/** A response whose path names no device cannot be told whose it is. */
function pathFault(file: SourceFile): string | undefined {
  if (!lacksDevice(file)) return undefined;
  const { name, paths } = file.resource;
  return `its path names no device: ${name} stands in ${paths.join(' or ')}, where <deviceId> is a UUID`;
}

function rejectedFile(
  file: SourceFile,
  sha256: Buffer,
  content: Buffer,
  result: ScanResult,
  unknownDevice: string | undefined,
): RejectedFile {
  const fault: ScanFault | undefined = result.ok ? undefined : result.fault;
  return {
    path: file.path,
    sha256,
    sizeBytes: file.sizeBytes,
    content,
    reason: fault?.reason ?? 'unknown_device',
    message: fault?.message ?? unknownDevice ?? '',
    position: fault?.offset,
    line: fault?.line,
    column: fault?.column,
  };
}
