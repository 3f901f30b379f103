import { countText } from '../format.js';
import { type HourRange, hoursOf, type MissingBatch } from './missing-raw.js';

/** Batches, spans of time and places that are named one by one. */
const NAMED = 5;

const HOUR_MS = 3_600_000;

/** What is missing, for people: how much, which hours, which batches, and by whom it was dropped. */
export function missingText(
  missing: readonly MissingBatch[],
  window?: { readonly start: Date; readonly end: Date },
): string {
  const documents = missing.reduce((sum, batch) => sum + batch.documents, 0);
  const batches = [...new Set(missing.map(({ batchId }) => batchId))];
  return `raw of ${hoursText(hoursOf(missing), window)} is gone: ${countText(documents, 'document')} of ${batches.length === 1 ? 'batch' : 'batches'} ${listed(batches)} (${causes(missing)})`;
}

function hoursText(
  hours: readonly HourRange[] | undefined,
  window: { readonly start: Date; readonly end: Date } | undefined,
): string {
  if (hours === undefined) return 'hours that are not known';
  const [first, end] =
    window === undefined
      ? [-Infinity, Infinity]
      : [Math.floor(window.start.getTime() / HOUR_MS), Math.ceil(window.end.getTime() / HOUR_MS)];
  const within = hours
    .map(([from, to]) => [Math.max(from, first), Math.min(to, end)] as const)
    .filter(([from, to]) => from < to);
  if (within.length === 0) return 'no known hour';
  const count = within.reduce((sum, [from, to]) => sum + to - from, 0);
  const spans = within.map(([from, to]) => `${timeText(from)} to ${timeText(to)}`);
  return `${countText(count, 'hour')}, ${listed(spans)},`;
}

function timeText(hour: number): string {
  return new Date(hour * HOUR_MS).toISOString().replace(':00:00.000Z', 'Z');
}

function listed(texts: readonly string[]): string {
  const more = texts.length - NAMED;
  return `${texts.slice(0, NAMED).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

function causes(missing: readonly MissingBatch[]): string {
  const dropped = { archive: 'archived and dropped', retention: 'dropped by retention' };
  const told = missing.map(({ droppedBy, droppedAt }) =>
    droppedBy === undefined
      ? 'not dropped by belt'
      : `${dropped[droppedBy]} on ${droppedAt?.toISOString().slice(0, 10)}`,
  );
  return listed([...new Set(told)]);
}
