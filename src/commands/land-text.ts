import { bytesText, countText, oneLine, secondsText, shortNumber } from '../format.js';
import type { LandSummary } from '../landing/land.js';
import type { RejectedSummary } from '../landing/rejected.js';

/** Rejected files that are named one by one. */
export const NAMED = 20;

/** What a batch holds, for people. */
export function landText(summary: LandSummary): string {
  const { documents, readings, bytes, skipped, rejected, passedOver, seconds } = summary;
  const rate = seconds > 0 ? `, ${shortNumber(bytes / seconds / 1e6)} MB/s` : '';
  const lines = [
    summary.batchId === undefined
      ? `Nothing to land: ${summary.source} holds nothing new.`
      : `Landed ${countText(documents, 'document')} (${countText(readings, 'reading')}, ${bytesText(bytes)}) of ${summary.source} as batch ${summary.batchId} in ${secondsText(seconds)}${rate}.`,
  ];
  if (skipped > 0) {
    lines.push(
      `Skipped ${countText(skipped, 'file')} that had been landed before as ${skipped === 1 ? 'it is' : 'they are'}.`,
    );
  }
  if (passedOver.files > 0) {
    lines.push(
      `Passed over ${countText(passedOver.files, 'file')} whose path is that of no response, such as ${oneLine(passedOver.example ?? '')}.`,
    );
  }
  const unread = rejected.filter(isUnread);
  const kept = rejected.filter((file) => !isUnread(file));
  if (kept.length > 0) {
    lines.push(`Rejected ${countText(kept.length, 'file')}, kept in raw.rejected_response:`);
    lines.push(...named(kept));
  }
  if (unread.length > 0) {
    lines.push(
      `Could not read ${countText(unread.length, 'file or folder', 'files or folders')}, so that not all was landed:`,
      ...named(unread),
      '  Let this user read them, and land again: what was landed is skipped.',
    );
  }
  return lines.join('\n');
}

function named(files: readonly RejectedSummary[]): string[] {
  const lines = files
    .slice(0, NAMED)
    .map((file) => `  ${oneLine(file.path)}: ${oneLine(file.message)}`);
  return files.length > NAMED ? [...lines, `  and ${files.length - NAMED} more`] : lines;
}

/** Whether something could not be read: then not all of the source was landed. */
export function isIncomplete({ rejected }: LandSummary): boolean {
  return rejected.some(isUnread);
}

/** Whether nothing of it is kept, since it could not be read. */
export function isUnread({ reason }: { readonly reason: string }): boolean {
  return reason === 'unreadable';
}

/** What a batch holds, for machines. */
export function landJson({ unsettled: _, ...summary }: LandSummary) {
  return {
    ...summary,
    batchId: summary.batchId ?? null,
    rejected: summary.rejected.map(
      ({ path, reason, message, position, line, column, sizeBytes }) => ({
        path,
        reason,
        message,
        position,
        line,
        column,
        sizeBytes,
      }),
    ),
  };
}
