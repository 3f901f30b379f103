import type { Chunk } from './chunk.js';
import { decimalsOf } from './series.js';

/** A value told in another way than its column has it: JSON text. */
export interface OddValue {
  readonly index: number;
  readonly text: string;
}

/** Readings of a chunk from one index up to, not including, another one. */
export interface Segment {
  readonly chunk: Chunk;
  readonly from: number;
  readonly to: number;
  /** By column, in order of index. */
  readonly odd: ReadonlyMap<number, readonly OddValue[]>;
}

/** One reading of one column. */
export interface Correction {
  readonly chunk: Chunk;
  readonly column: number;
  readonly index: number;
}

/** What one response tells. */
export interface ResponseContent {
  readonly series: readonly { readonly name: string; readonly column: number }[];
  readonly unit: 'ms' | 's';
  /** Oldest first. Corrections stand behind the first `segmentsBeforeCorrections` segments. */
  readonly segments: readonly Segment[];
  readonly corrections: readonly Correction[];
  readonly segmentsBeforeCorrections: number;
}

/** Longest text of a value and the bracket behind it, unless it is odd. */
const MOST_VALUE_BYTES = 24;

/** Writes responses as JSON into one buffer, which it uses again and again. */
export class ResponseText {
  #bytes: Buffer = Buffer.allocUnsafe(1024 * 1024);
  #at = 0;
  /** Readings of the last response. */
  readings = 0;

  /** The text of a response; it holds until the next one is written. */
  write(content: ResponseContent): Buffer {
    this.#at = 0;
    this.readings = 0;
    this.#text('{"series":[');
    let isFirst = true;
    for (const { name, column } of content.series) {
      const start = this.#at;
      this.#text(`${isFirst ? '' : ','}{"name":${JSON.stringify(name)},"data":[`);
      const bodyStart = this.#at;
      this.#series(content, column);
      if (this.#at === bodyStart) {
        // a series without readings is left out
        this.#at = start;
        continue;
      }
      // over the last comma
      this.#at--;
      this.#text(']}');
      isFirst = false;
    }
    this.#text(']}');
    return this.#bytes.subarray(0, this.#at);
  }

  #series(content: ResponseContent, column: number): void {
    const { segments, unit, segmentsBeforeCorrections } = content;
    for (const segment of segments.slice(0, segmentsBeforeCorrections)) {
      this.#segment(segment, column, unit);
    }
    for (const correction of content.corrections) {
      if (correction.column !== column) continue;
      const { chunk, index } = correction;
      this.#readings(chunk, column, index, index + 1, unit);
    }
    for (const segment of segments.slice(segmentsBeforeCorrections)) {
      this.#segment(segment, column, unit);
    }
  }

  #segment({ chunk, from, to, odd }: Segment, column: number, unit: 'ms' | 's'): void {
    let at = from;
    for (const { index, text } of odd.get(column) ?? []) {
      if (index < from) continue;
      if (index >= to) break;
      this.#readings(chunk, column, at, index, unit);
      const { bytes, width } = chunk.timeTexts(unit);
      this.#reserve(width + text.length * 3 + 2);
      this.#bytes.set(bytes.subarray(index * width, (index + 1) * width), this.#at);
      this.#at += width;
      this.#text(`${text}],`);
      this.readings++;
      at = index + 1;
    }
    this.#readings(chunk, column, at, to, unit);
  }

  #readings(chunk: Chunk, column: number, from: number, to: number, unit: 'ms' | 's'): void {
    if (to <= from) return;
    const values = chunk.columns[column] as Float64Array;
    const { bytes: times, width } = chunk.timeTexts(unit);
    this.#reserve((to - from) * (width + MOST_VALUE_BYTES));
    const bytes = this.#bytes;
    const decimals = decimalsOf(column);
    let at = this.#at;
    for (let index = from; index < to; index++) {
      const time = index * width;
      for (let offset = 0; offset < width; offset++) bytes[at + offset] = times[time + offset] ?? 0;
      at = putNumber(bytes, at + width, values[index] ?? 0, decimals);
      bytes[at] = 0x5d;
      bytes[at + 1] = 0x2c;
      at += 2;
    }
    this.#at = at;
    this.readings += to - from;
  }

  #text(text: string): void {
    this.#reserve(text.length * 3);
    this.#at += this.#bytes.write(text, this.#at);
  }

  #reserve(bytes: number): void {
    if (this.#at + bytes <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#at + bytes));
    this.#bytes.copy(larger, 0, 0, this.#at);
    this.#bytes = larger;
  }
}

/** Writes a whole number of the last decimal as JSON does, and gives where it ends. */
function putNumber(bytes: Buffer, start: number, units: number, decimals: 0 | 2): number {
  let at = start;
  let rest = units;
  if (rest < 0) {
    bytes[at++] = 0x2d;
    rest = -rest;
  }
  if (decimals === 0) return putDigits(bytes, at, rest);
  const whole = Math.floor(rest / 100);
  at = putDigits(bytes, at, whole);
  const part = rest - whole * 100;
  if (part === 0) return at;
  const tenths = (part / 10) | 0;
  bytes[at++] = 0x2e;
  bytes[at++] = 0x30 + tenths;
  const hundredths = part - tenths * 10;
  if (hundredths !== 0) bytes[at++] = 0x30 + hundredths;
  return at;
}

/** Digits of a whole number below 2^31: no meter shows more kWh, and no power more W. */
function putDigits(bytes: Buffer, start: number, value: number): number {
  let rest = value | 0;
  let digits = 1;
  for (let power = 10; power <= rest && digits < 10; power *= 10) digits++;
  for (let at = start + digits - 1; at >= start; at--) {
    const next = (rest / 10) | 0;
    bytes[at] = 0x30 + (rest - next * 10);
    rest = next;
  }
  return start + digits;
}
