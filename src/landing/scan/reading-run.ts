import { EARLIEST_MS, type ReadingTally } from './document-profile.js';
import { EXACT_DIGITS, PlainNumber } from './plain-number.js';
import type { LayoutBuilder } from './response-layout.js';

const TAB = 0x09;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const SPACE = 0x20;
const COMMA = 0x2c;
const ZERO = 0x30;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

/** Where the elements of the open `data` array lie, and where they can be cut. */
export class DataRuns {
  /** The open run: offsets of its first element, and of the end of its last one; -1 for none. */
  start = -1;
  end = -1;
  readonly runBytes: number;
  readonly #layout: LayoutBuilder;

  constructor(layout: LayoutBuilder, runBytes: number) {
    this.#layout = layout;
    this.runBytes = runBytes;
  }

  add(start: number, end: number): void {
    if (this.start < 0) this.start = start;
    else if (end - this.start > this.runBytes) {
      this.#layout.addData(this.start, this.end);
      this.start = start;
    }
    this.end = end;
  }

  close(): void {
    if (this.start >= 0) this.#layout.addData(this.start, this.end);
    this.start = -1;
  }
}

/** A place in a chunk, and the line it is on. */
export class ChunkCursor {
  /** Index in the chunk. */
  index = 0;
  line = 1;
  /** Index of the start of the line; negative if that was in an earlier chunk. */
  lineStart = 0;

  /** The index of the first byte from `from` on that is no whitespace, or the chunk's length. */
  skipSpace(chunk: Uint8Array, from: number): number {
    const length = chunk.length;
    let i = from;
    while (i < length) {
      const byte = chunk[i] as number;
      if (byte > SPACE) break;
      if (byte === LINE_FEED) {
        this.line++;
        this.lineStart = i + 1;
      } else if (byte !== SPACE && byte !== CARRIAGE_RETURN && byte !== TAB) break;
      i++;
    }
    return i;
  }
}

const number = new PlainNumber();

/**
 * The fast path: reads whole elements `[milliseconds, number]` of plain numbers, each with the comma
 * or bracket behind it, for as long as they lie in the chunk. Any other is left to the slow path, at
 * its first byte. `base` is the offset of the chunk; the cursor stands at an opening bracket.
 *
 * Returns whether a comma was read last, so that an element must follow; else, if the cursor has
 * moved, it stands at the bracket that closes the array.
 */
export function readRun(
  chunk: Uint8Array,
  base: number,
  cursor: ChunkCursor,
  tally: ReadingTally,
  runs: DataRuns,
): boolean {
  const length = chunk.length;
  const latestMs = tally.latestMs;
  const runBytes = runs.runBytes;
  let { readings, irregular, min, max, previousMs, hourStart, hourEnd, grows } = tally;
  let { firstMs, lastMs } = tally;
  let { times } = tally.clocks;
  let index = cursor.index;
  let { line, lineStart } = cursor;
  let runEnd = runs.end;
  let runLimit = runs.start < 0 ? -1 : runs.start + runBytes - base;
  let isAfterComma = false;

  while (index < length && chunk[index] === OPEN_BRACKET) {
    let i = index + 1;
    if (i < length && (chunk[i] as number) <= SPACE) i = cursor.skipSpace(chunk, i);
    // digits alone: as a PlainNumber, they would cost a sixth of the speed
    const msAt = i;
    let ms = 0;
    while (i < length) {
      const digit = (chunk[i] as number) - ZERO;
      if (digit < 0 || digit > 9) break;
      ms = ms * 10 + digit;
      i++;
    }
    const digits = i - msAt;
    if (digits === 0 || digits > EXACT_DIGITS || (digits > 1 && chunk[msAt] === ZERO)) break;
    if (i < length && (chunk[i] as number) <= SPACE) i = cursor.skipSpace(chunk, i);
    if (i >= length || chunk[i] !== COMMA) break;
    i++;
    if (i < length && (chunk[i] as number) <= SPACE) i = cursor.skipSpace(chunk, i);
    if (i >= length) break;

    i = number.read(chunk, i);
    if (i === 0) break;
    const value = number.value;
    if (i < length && (chunk[i] as number) <= SPACE) i = cursor.skipSpace(chunk, i);
    if (i >= length || chunk[i] !== CLOSE_BRACKET) break;
    const end = ++i;
    if (i < length && (chunk[i] as number) <= SPACE) i = cursor.skipSpace(chunk, i);
    if (i >= length) break;
    const next = chunk[i] as number;
    if (next !== COMMA && next !== CLOSE_BRACKET) break;

    if (end > runLimit) {
      if (end - index > runBytes) break;
      runs.end = runEnd;
      runs.add(base + index, base + end);
      runLimit = runs.start + runBytes - base;
    }
    runEnd = base + end;
    if (readings === times.length) times = tally.clocks.grow();
    times[readings] = ms;
    readings++;
    if (ms >= EARLIEST_MS && ms <= latestMs) {
      if (ms <= previousMs) grows = false;
      previousMs = ms;
      if (ms < hourStart || ms >= hourEnd) {
        tally.noteHour(ms);
        hourStart = tally.hourStart;
        hourEnd = tally.hourEnd;
      }
      if (ms < firstMs) firstMs = ms;
      if (ms > lastMs) lastMs = ms;
      if (value < min) min = value;
      if (value > max) max = value;
    } else {
      irregular++;
    }
    index = i;
    isAfterComma = next === COMMA;
    if (isAfterComma) {
      index++;
      if (index < length && (chunk[index] as number) <= SPACE) {
        index = cursor.skipSpace(chunk, index);
      }
    }
    line = cursor.line;
    lineStart = cursor.lineStart;
    if (!isAfterComma) break;
  }

  // an element that is left to the slow path may have moved the line
  cursor.index = index;
  cursor.line = line;
  cursor.lineStart = lineStart;
  tally.readings = readings;
  tally.irregular = irregular;
  tally.min = min;
  tally.max = max;
  tally.previousMs = previousMs;
  tally.grows = grows;
  tally.firstMs = firstMs;
  tally.lastMs = lastMs;
  runs.end = runEnd;
  return isAfterComma;
}
