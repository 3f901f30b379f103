import { showByte, type TokenFault } from './scan-fault.js';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const LETTER_U = 0x75;

const PLAIN = 0;
const ESCAPE = 1;
const HEX = 2;
const LOW_BACKSLASH = 3;
const LOW_U = 4;
const CONTINUATION = 5;

/** 1 for the bytes that stand for themselves: ASCII without quote, backslash and control characters. */
const STANDS_FOR_ITSELF = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte >= 0x20 && byte < 0x80 && byte !== QUOTE && byte !== BACKSLASH ? 1 : 0,
);

const ESCAPED = new Set(Buffer.from('"\\/bfnrt'));

/** A string that is read as its bytes come; its text is kept on demand only. */
export class StringToken {
  fault: TokenFault | undefined;
  /** Offset of the opening quote. */
  start = 0;
  isCaptured = false;
  /** Bytes of the last read that go on a character, to count columns. */
  continuations = 0;
  readonly #kept: Buffer[] = [];
  readonly #maxKept: number;
  #keptBytes = 0;
  /** The chunk that holds all of the string, and where. */
  #whole: Buffer | undefined;
  #from = 0;
  #to = 0;
  #hasEscape = false;
  #state = PLAIN;
  #escapeAt = 0;
  #hexLeft = 0;
  #hex = 0;
  #isLow = false;
  #left = 0;
  #low = 0x80;
  #high = 0xbf;

  /** Captured text longer than `maxKept` bytes is not kept whole. */
  constructor(maxKept: number) {
    this.#maxKept = maxKept;
  }

  begin(start: number, isCaptured: boolean): void {
    this.start = start;
    this.isCaptured = isCaptured;
    if (this.#keptBytes > 0) {
      this.#kept.length = 0;
      this.#keptBytes = 0;
    }
    this.#whole = undefined;
    this.#hasEscape = false;
    this.#state = PLAIN;
  }

  /** The text of a captured string, until the next chunk is read. */
  get text(): string {
    const text =
      this.#whole === undefined
        ? Buffer.concat(this.#kept).toString('utf8')
        : this.#whole.toString('utf8', this.#from, this.#to);
    return this.#hasEscape ? (JSON.parse(`"${text}"`) as string) : text;
  }

  /**
   * Reads on from `from`; `base` is the offset of the chunk. Returns the index behind the closing
   * quote, 0 if the string goes on, or -1 if there is a fault.
   */
  scan(chunk: Buffer, from: number, base: number): number {
    const length = chunk.length;
    this.continuations = 0;
    let i = from;
    while (i < length) {
      if (this.#state === PLAIN) {
        while (i < length && STANDS_FOR_ITSELF[chunk[i] as number] === 1) i++;
        if (i === length) break;
        const byte = chunk[i] as number;
        if (byte === QUOTE) {
          if (this.isCaptured) this.#keepLast(chunk, from, i);
          return i + 1;
        }
        if (byte === BACKSLASH) {
          this.#hasEscape = true;
          this.#escapeAt = base + i;
          this.#isLow = false;
          this.#state = ESCAPE;
        } else if (byte < 0x20) {
          return this.#fail(`a bare control character in a string, ${showByte(byte)}`, base + i);
        } else if (!this.#lead(byte)) {
          return this.#failUtf8(byte, base + i);
        }
        i++;
      } else if (this.#state === CONTINUATION) {
        const byte = chunk[i] as number;
        if (byte < this.#low || byte > this.#high) return this.#failUtf8(byte, base + i);
        this.#low = 0x80;
        this.#high = 0xbf;
        this.continuations++;
        if (--this.#left === 0) this.#state = PLAIN;
        i++;
      } else {
        if (!this.#escape(chunk[i] as number, base + i)) return -1;
        i++;
      }
    }
    if (this.isCaptured) this.#keep(chunk, from, length);
    return 0;
  }

  #escape(byte: number, at: number): boolean {
    if (this.#state === ESCAPE) {
      if (byte === LETTER_U) {
        this.#beginHex();
        return true;
      }
      this.#state = PLAIN;
      return (
        ESCAPED.has(byte) || this.#fail(`no escape: a backslash and ${showByte(byte)}`, at) > 0
      );
    }
    if (this.#state === LOW_BACKSLASH) {
      this.#state = LOW_U;
      return byte === BACKSLASH || this.#failSurrogate(at) > 0;
    }
    if (this.#state === LOW_U) {
      this.#isLow = true;
      this.#beginHex();
      return byte === LETTER_U || this.#failSurrogate(at) > 0;
    }
    const digit = hexValue(byte);
    if (digit < 0) return this.#fail(`${showByte(byte)} is no hex digit of an escape`, at) > 0;
    this.#hex = this.#hex * 16 + digit;
    if (--this.#hexLeft > 0) return true;
    this.#state = PLAIN;
    const kind = this.#hex & 0xfc00;
    if (this.#isLow) return kind === 0xdc00 || this.#failSurrogate(at) > 0;
    if (kind === 0xdc00) return this.#failSurrogate(at) > 0;
    if (kind === 0xd800) this.#state = LOW_BACKSLASH;
    if (this.#hex !== 0) return true;
    this.fault = {
      reason: 'nul_character',
      message: 'the escape \\u0000, which PostgreSQL holds in no text',
      seenAt: at,
      offset: this.#escapeAt,
    };
    return false;
  }

  #beginHex(): void {
    this.#state = HEX;
    this.#hexLeft = 4;
    this.#hex = 0;
  }

  #lead(byte: number): boolean {
    this.#state = CONTINUATION;
    this.#low = byte === 0xe0 ? 0xa0 : byte === 0xf0 ? 0x90 : 0x80;
    this.#high = byte === 0xed ? 0x9f : byte === 0xf4 ? 0x8f : 0xbf;
    this.#left = byte >= 0xf0 ? 3 : byte >= 0xe0 ? 2 : 1;
    return byte >= 0xc2 && byte <= 0xf4;
  }

  #keep(chunk: Buffer, from: number, to: number): void {
    const room = Math.min(to - from, this.#maxKept - this.#keptBytes);
    if (room <= 0) return;
    this.#kept.push(Buffer.from(chunk.subarray(from, from + room)));
    this.#keptBytes += room;
  }

  #keepLast(chunk: Buffer, from: number, to: number): void {
    if (this.#kept.length > 0) {
      this.#keep(chunk, from, to);
      return;
    }
    this.#whole = chunk;
    this.#from = from;
    this.#to = to;
  }

  #fail(message: string, offset: number): -1 {
    this.fault = { reason: 'syntax', message, seenAt: offset, offset };
    return -1;
  }

  #failUtf8(byte: number, offset: number): -1 {
    const message = `text that is not UTF-8, at ${showByte(byte)}`;
    this.fault = { reason: 'encoding', message, seenAt: offset, offset };
    return -1;
  }

  #failSurrogate(seenAt: number): -1 {
    this.fault = {
      reason: 'unpaired_surrogate',
      message: 'half a surrogate pair in \\u escapes, which stands for no character',
      seenAt,
      offset: this.#escapeAt,
    };
    return -1;
  }
}

function hexValue(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}
