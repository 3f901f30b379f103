import { bytesText, countText, textTable } from '../format.js';
import type { ArchiveSummary } from '../raw/archive/archive-raw.js';
import type { RestoreSummary } from '../raw/archive/restore-raw.js';

/** What was archived, as a person reads it. */
export function archiveText(summary: ArchiveSummary): string {
  const { files, documents, readings, storedBytes, dropped, folder } = summary;
  const lines = [
    files.length === 0
      ? 'Nothing to archive: no raw is as old as that.'
      : `Archived ${countText(documents, 'document')} (${countText(readings, 'reading')}) in ${bytesText(storedBytes)}${perReading(storedBytes, readings)} of ${folder}${dropped ? ', and dropped them from the database' : '; the database keeps them'}.`,
  ];
  if (files.length > 0) {
    lines.push(
      textTable(
        ['landed on', 'file', 'documents', 'readings', 'size', ''],
        files.map((file) => [
          file.landedOn,
          file.file,
          String(file.documents),
          String(file.readings),
          bytesText(file.storedBytes),
          file.was ? 'written before' : '',
        ]),
      ),
    );
  }
  lines.push(...unprocessedText(summary.unprocessed));
  return lines.join('\n');
}

/** What is kept since a model has still to process it, and what to do; nothing where there is none. */
function unprocessedText(unprocessed: ArchiveSummary['unprocessed']): string[] {
  const [first] = unprocessed;
  if (first === undefined) return [];
  const count = countText(unprocessed.length, 'batch', 'batches');
  const reason =
    first.node === undefined
      ? 'no model has processed anything yet'
      : `${first.node} has not processed ${unprocessed.length === 1 ? 'it' : `batch ${first.batchId}`}`;
  return [`Left ${count} where they are: ${reason}. Run \`belt transform\` first.`];
}

/** What was brought back, as a person reads it. */
export function restoreText(summary: RestoreSummary): string {
  const { documents, readings, batches, files, present, source } = summary;
  const there = present > 0 ? ` ${countText(present, 'document')} were there already.` : '';
  return `Restored ${countText(documents, 'document')} (${countText(readings, 'reading')}) of ${countText(batches, 'batch', 'batches')} from ${countText(files, 'file')} of ${source}.${there}\nWhat has been processed is not processed again: rebuild what needs them with \`belt transform --event-time-start … --event-time-end …\`.`;
}

function perReading(bytes: number, readings: number): string {
  return readings === 0 ? '' : `, ${(bytes / readings).toFixed(2)} bytes a reading,`;
}
