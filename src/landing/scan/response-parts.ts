import type { ByteRange, ElementRun, ResponseLayout } from './response-layout.js';

/** Bytes of a part: given, or a range of the response that is cut. */
type PartSegment = { readonly literal: Buffer } | ByteRange;

/** A valid response of the same resource that holds some elements of a larger one. */
export interface PartPlan {
  /** To be concatenated. */
  readonly segments: readonly PartSegment[];
  /** Size of the part. */
  readonly bytes: number;
}

const COMMA = Buffer.from(',');

/**
 * Cuts a response of `size` bytes into parts of about `partBytes`: more only where a single element
 * and what stands around it are. Each element is in one part, in order; what stands around them
 * (`totalCount`, the name of a series) is repeated. A response that fits is one part, untouched.
 */
export function planParts(layout: ResponseLayout, size: number, partBytes: number): PartPlan[] {
  if (size <= partBytes) return [partOf([{ start: 0, end: size }])];
  const { prefix, suffix } = layout.frame;
  const frameBytes = length(prefix) + length(suffix);
  const parts: PartPlan[] = [];
  let runs: ElementRun[] = [];
  let bytes = frameBytes;
  const finish = () => {
    parts.push(partOf([prefix, ...segmentsOf(runs), suffix]));
    runs = [];
    bytes = frameBytes;
  };
  for (const run of layout.runs) {
    if (runs.length > 0 && bytes + costAfter(runs.at(-1), run) > partBytes) finish();
    const last = runs.at(-1);
    bytes += costAfter(last, run);
    if (last !== undefined && last.entry === run.entry) {
      runs[runs.length - 1] = { ...last, end: run.end };
    } else {
      runs.push(run);
    }
  }
  if (runs.length > 0 || parts.length === 0) finish();
  return parts;
}

function length(range: ByteRange): number {
  return range.end - range.start;
}

function costAfter(last: ElementRun | undefined, run: ElementRun): number {
  if (last !== undefined && last.entry === run.entry) return run.end - last.end;
  const around = run.entry === undefined ? 0 : length(run.entry.prefix) + length(run.entry.suffix);
  return COMMA.length + around + length(run);
}

function segmentsOf(runs: readonly ElementRun[]): PartSegment[] {
  return runs.flatMap((run, index) => {
    const comma = index === 0 ? [] : [{ literal: COMMA }];
    if (run.entry === undefined) return [...comma, run];
    return [...comma, run.entry.prefix, run, run.entry.suffix];
  });
}

function partOf(segments: readonly PartSegment[]): PartPlan {
  const joined: PartSegment[] = [];
  let bytes = 0;
  for (const segment of segments) {
    const last = joined.at(-1);
    if ('literal' in segment) {
      bytes += segment.literal.length;
      joined.push(segment);
      continue;
    }
    bytes += length(segment);
    if (last !== undefined && 'end' in last && last.end === segment.start) {
      joined[joined.length - 1] = { start: last.start, end: segment.end };
    } else if (length(segment) > 0) {
      joined.push({ start: segment.start, end: segment.end });
    }
  }
  return { segments: joined, bytes };
}
