import { bytesText, countText, textTable } from '../format.js';
import type { RawStatus } from '../raw/raw-status.js';

/** How raw stands, as a person reads it. */
export function rawStatusText(status: RawStatus): string {
  const rows = status.resources.map((one) => [
    one.resource,
    String(one.batches),
    String(one.documents),
    String(one.readings),
    bytesText(one.bytes),
    bytesText(one.storedBytes),
    perReading(one.storedBytes, one.readings),
    percent(one.columnstoreReadings, one.readings),
    perReading(one.columnstoreBytes, one.columnstoreReadings),
    dayOf(one.oldestLandedAt),
    dayOf(one.newestLandedAt),
  ]);
  return [
    textTable(
      [
        ...['resource', 'batches', 'documents', 'readings', 'JSON', 'on the disk'],
        ...['bytes a reading', 'in the columnstore', 'bytes a reading there'],
        ...['landed from', 'to'],
      ],
      rows,
    ),
    lifeCycleText(status),
    ...status.resources.flatMap(archiveLines),
    ...status.resources.flatMap(missingLines),
    ...status.resources.flatMap(dropLines),
  ].join('\n');
}

type ResourceStatus = RawStatus['resources'][number];

function lifeCycleText({ columnstoreAfter, retention }: RawStatus): string {
  if (columnstoreAfter === undefined) {
    return 'No transform has set yet what becomes of raw: run `belt transform`.';
  }
  const columnstore =
    columnstoreAfter === null
      ? 'stays in the row store'
      : `is compressed after ${columnstoreAfter}`;
  const kept = retention == null ? 'kept for ever' : `dropped after ${retention}`;
  return `Raw ${columnstore} (raw_columnstore_after), and is ${kept} (raw_retention).`;
}

function archiveLines({ resource, archives }: ResourceStatus): string[] {
  return archives.map(
    ({ folder, documents, readings, storedBytes }) =>
      `Archived of ${resource}: ${countText(documents, 'document')} (${countText(readings, 'reading')}) in ${bytesText(storedBytes)} of ${folder}.`,
  );
}

function missingLines({ resource, missingDocuments, missingUnarchived }: ResourceStatus): string[] {
  if (missingDocuments === 0) return [];
  const archived =
    missingUnarchived === 0
      ? 'all are archived'
      : `${missingUnarchived.toLocaleString('en-US')} are in no archive`;
  return [`Gone of ${resource}: ${countText(missingDocuments, 'document')}; ${archived}.`];
}

function dropLines({ resource, nextDrop }: ResourceStatus): string[] {
  if (nextDrop === undefined) return [];
  const { landedOn, dropsAt, documents, archivedDocuments } = nextDrop;
  const left = documents - archivedDocuments;
  const archived =
    left <= 0 ? 'all archived' : left === documents ? 'not archived' : `${left} not archived`;
  return [
    `Retention drops next, of ${resource}: ${countText(documents, 'document')} landed on ${landedOn} (${archived}), on ${dayOf(dropsAt)}.`,
  ];
}

function perReading(bytes: number, readings: number): string {
  return readings === 0 ? '' : (bytes / readings).toFixed(2);
}

function percent(part: number, whole: number): string {
  return whole === 0 ? '' : `${Math.round((part / whole) * 100)} %`;
}

function dayOf(time: Date | null): string {
  return time?.toISOString().slice(0, 10) ?? '';
}
