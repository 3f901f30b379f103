import type { SourceFile } from './directory-walk.js';
import type { RejectedFile } from './rejected.js';
import { lacksDevice } from './resource-path.js';
import type { DocumentProfile } from './scan/document-profile.js';
import { createScanner, type ScanResult } from './scan/scanner.js';

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
  const result = scanner.end();
  if (!result.ok || lacksDevice(file)) {
    return { ok: false, rejected: rejectedFile(file, sha256, content, result) };
  }
  return { ok: true, profile: result.profile };
}

/** What is put into quarantine of a file whose scan failed, or whose path names no device. */
export function rejectedFile(
  file: SourceFile,
  sha256: Buffer,
  content: Buffer,
  result: ScanResult,
): RejectedFile {
  const { path, sizeBytes, resource } = file;
  const kept = { path, sha256, sizeBytes, content };
  if (!result.ok) {
    const { reason, message, offset, line, column } = result.fault;
    return { ...kept, reason, message, position: offset, line, column };
  }
  return {
    ...kept,
    reason: 'unknown_device',
    message: `its path names no device: ${resource.name} stands in ${resource.paths.join(' or ')}, where <deviceId> is a UUID`,
    position: undefined,
    line: undefined,
    column: undefined,
  };
}
