import { bytesText, countText, secondsText, shortNumber, textTable } from '../format.js';
import type { HypertableStatus, PolicyStatus, Status } from './read-status.js';

/** Alerts and results that are listed one by one. */
const LISTED = 20;

/** The status as a person reads it. */
export function statusText(status: Status): string {
  const sections = [landedText(status)];
  if (status.lastRun !== undefined) sections.push(lastRunText(status.lastRun));
  if (status.hypertables.length > 0) sections.push(storageText(status.hypertables));
  sections.push(diskText(status));
  if (status.policies.length > 0) sections.push(policiesText(status.policies));
  sections.push(...findingsText(status));
  sections.push(alertsText(status));
  return sections.join('\n\n');
}

function landedText({ landed, pendingBatches }: Status): string {
  const lines = [
    `Landed: ${countText(landed.batches, 'batch', 'batches')}, ${countText(landed.documents, 'document')}, ${countText(landed.readings, 'reading')}, ${bytesText(landed.bytes)} of JSON kept in ${bytesText(landed.storedBytes)} of raw tables.`,
  ];
  if (landed.lastLandedAt !== null)
    lines.push(`Last landing: ${landed.lastLandedAt.toISOString()}`);
  if (landed.rejected > 0)
    lines.push(`${countText(landed.rejected, 'rejected file')} in raw.rejected_response.`);
  if (pendingBatches > 0) {
    lines.push(
      `${countText(pendingBatches, 'batch', 'batches')} not transformed yet: run \`belt transform\`.`,
    );
  }
  return lines.join('\n');
}

function lastRunText(run: NonNullable<Status['lastRun']>): string {
  const rows = run.results.map((result) => [
    result.node.split('.').slice(2).join('.'),
    result.status,
    result.status === 'error' ? '' : (result.message ?? ''),
    secondsText(result.seconds),
  ]);
  return `Last transform: ${run.startedAt.toISOString()}, ${run.status}\n${textTable(['model', 'status', 'result', 'time'], rows)}`;
}

function storageText(hypertables: readonly HypertableStatus[]): string {
  const rows = hypertables.map((table) => [
    table.name,
    String(table.chunks),
    String(table.compressedChunks),
    bytesText(table.rowStoreBytes),
    table.beforeCompressionBytes === 0 ? '' : bytesText(table.beforeCompressionBytes),
    bytesText(table.compressedBytes),
    bytesPerReading(table),
  ]);
  return `Storage\n${textTable(
    [
      'hypertable',
      'chunks',
      'compressed',
      'row store',
      'before compression',
      'compressed',
      'bytes a reading',
    ],
    rows,
  )}`;
}

function diskText({ disk, tooSmall }: Status): string {
  const rows = disk.layers
    .filter(({ bytes }) => bytes > 0)
    .map(({ name, bytes, readings }) => [
      name,
      bytesText(bytes),
      readings > 0 ? (bytes / readings).toFixed(2) : '',
    ]);
  const lines = [`Disk\n${textTable(['layer', 'size', 'bytes a reading'], rows)}`];
  if (tooSmall.length > 0) {
    lines.push(
      `In the row store, as they take less there than compressed: ${tooSmall.join(', ')}.`,
    );
  }
  const { next30Days } = disk;
  if (next30Days !== undefined) {
    const { readingsADay, rawBytes, modelBytes, droppedBytes } = next30Days;
    const dropped = droppedBytes > 0 ? `, of which retention drops ${bytesText(droppedBytes)}` : '';
    lines.push(
      `The next 30 days: ${changeText(rawBytes)} of raw${dropped}, and ${changeText(modelBytes)} of models, by ${shortNumber(readingsADay)} readings a day as landed in the last 30 days, and by what one takes today.`,
    );
  }
  return lines.join('\n');
}

function changeText(bytes: number): string {
  return `${bytes < 0 ? '-' : '+'}${bytesText(Math.abs(Math.round(bytes)))}`;
}

function bytesPerReading(table: HypertableStatus): string {
  if (!table.readings) return '';
  return ((table.rowStoreBytes + table.compressedBytes) / table.readings).toFixed(2);
}

function policiesText(policies: readonly PolicyStatus[]): string {
  const rows = policies.map((policy) => [
    policy.relation,
    policy.procedure.replace(/^policy_/, '').replaceAll('_', ' '),
    policy.schedule,
    policy.lastRunAt?.toISOString() ?? 'never',
    policy.lastStatus ?? '',
  ]);
  return `Policies\n${textTable(['of', 'policy', 'every', 'last run', 'status'], rows)}`;
}

function findingsText({ unmapped, rejectedReadings }: Status): string[] {
  const lines = unmapped.map(
    ({ vendorSeries, readings }) =>
      `Unmapped series ${vendorSeries}: ${countText(readings, 'reading')} wait in raw for a line in the metric catalogue.`,
  );
  if (rejectedReadings > 0) {
    lines.push(`${countText(rejectedReadings, 'reading')} in telemetry_reject, with the reason.`);
  }
  return lines.length === 0 ? [] : [lines.join('\n')];
}

function alertsText({ alerts }: Status): string {
  if (alerts.length === 0) return 'Alerts: none is open.';
  const rows = alerts
    .slice(0, LISTED)
    .map((alert) => [
      alert.severity,
      alert.rule,
      alert.site ?? '(not listed)',
      alert.deviceUuid,
      alert.value === null ? '' : String(alert.value),
      alert.since.toISOString(),
    ]);
  const more = alerts.length > LISTED ? `\nand ${alerts.length - LISTED} more` : '';
  return `Alerts: ${alerts.length} open\n${textTable(['severity', 'rule', 'site', 'device', 'value', 'since'], rows)}${more}`;
}
