import { bytesText, oneLine, textTable } from '../format.js';
import type { RejectedResponse } from '../landing/rejected-responses.js';

/** Bytes before and behind the place of a fault that are shown. */
const CONTEXT = 60;

/** Files in quarantine, as a table. */
export function rejectedListText(files: readonly RejectedResponse[]): string {
  if (files.length === 0) return 'Nothing was rejected.';
  return textTable(
    ['id', 'rejected at', 'path', 'reason', 'size', ''],
    files.map(({ id, rejectedAt, path, reason, sizeBytes, isSuperseded }) => [
      id,
      rejectedAt.toISOString(),
      path,
      reason,
      bytesText(sizeBytes),
      isSuperseded ? 'landed otherwise since' : '',
    ]),
  );
}

/** One file in quarantine, with the bytes around the place where its check failed. */
export function rejectedText(file: RejectedResponse, content: Buffer): string {
  const { path, message, line, column, position, sizeBytes, keptBytes } = file;
  const place = line === null ? '' : ` (line ${line}, column ${column})`;
  const lines = [
    `${oneLine(path)}: ${oneLine(message)}${place}`,
    `Rejected ${file.rejectedAt.toISOString()} in batch ${file.batchId} as ${file.reason}, ${bytesText(sizeBytes)}${keptBytes < sizeBytes ? `, of which the first ${bytesText(keptBytes)} are kept` : ''}.`,
  ];
  if (content.length === 0) return lines.join('\n');
  const at = Math.min(position ?? 0, content.length);
  const before = oneLine(content.subarray(Math.max(0, at - CONTEXT), at).toString('utf8'));
  const after = oneLine(content.subarray(at, at + CONTEXT).toString('utf8'));
  const cut = at > CONTEXT ? '…' : '';
  lines.push(
    position !== null && at < position
      ? `The fault is at byte ${position}, behind what is kept.`
      : `${cut}${before}${after}\n${' '.repeat(cut.length + before.length)}^ byte ${at}`,
  );
  return lines.join('\n');
}
