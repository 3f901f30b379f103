import type { DocumentShape } from '../../raw/document-shape.js';
import { isUuid } from '../../uuid.js';
import { type DocumentProfile, MAX_SERIES, ReadingTally } from './document-profile.js';
import { NumberToken } from './number-token.js';
import { isDigit } from './plain-number.js';
import { ChunkCursor, DataRuns, readRun } from './reading-run.js';
import { LayoutBuilder, type ResponseLayout } from './response-layout.js';
import {
  type DocumentPosition,
  type FaultReason,
  MAX_DEPTH,
  MAX_MEMBERS,
  MAX_NAME_BYTES,
  type ScanFault,
  showByte,
  type TokenFault,
} from './scan-fault.js';
import { StringToken } from './string-token.js';

/** How a document is judged. */
export interface ScanOptions {
  /** The latest possible time of a reading, in milliseconds: a day after its landing. */
  readonly latestMs: number;
  /** Size from which a document is cut into parts; no element may be larger. Default 32 MB. */
  readonly partBytes?: number;
  /** What may stand around the elements of a document that is cut, as each part repeats it. Default 1 MB. */
  readonly frameBytes?: number;
}

/** What a whole document was found to be. */
export type ScanResult =
  | {
      readonly ok: true;
      /** Bytes of the document. */
      readonly size: number;
      readonly profile: DocumentProfile;
      readonly layout: ResponseLayout;
    }
  | { readonly ok: false; readonly fault: ScanFault };

/** Checks a document whose bytes are given in consecutive chunks, of any sizes. */
export interface DocumentScanner {
  /** Takes the next bytes, and keeps none of them. False once the document is refused: give no more. */
  push(chunk: Uint8Array): boolean;
  /** Ends the document. */
  end(): ScanResult;
}

export const DEFAULT_PART_BYTES = 32 * 1024 * 1024;
const DEFAULT_FRAME_BYTES = 1024 * 1024;

/** Checks one document that should have a shape. */
export function createScanner(shape: DocumentShape, options: ScanOptions): DocumentScanner {
  return new JsonScanner(shape, options);
}

const SPACE = 0x20;
const QUOTE = 0x22;
const COMMA = 0x2c;
const MINUS = 0x2d;
const COLON = 0x3a;
const LESS_THAN = 0x3c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];

/** What comes next. Up to AFTER_DOCUMENT, whitespace may come before it. */
const DOCUMENT = 0;
const VALUE = 1;
const VALUE_OR_END = 2;
const KEY = 3;
const KEY_OR_END = 4;
const KEY_COLON = 5;
const AFTER_VALUE = 6;
const AFTER_DOCUMENT = 7;
const IN_STRING = 8;
const IN_KEY = 9;
const IN_NUMBER = 10;
const IN_LITERAL = 11;
const IN_BYTE_ORDER_MARK = 12;

/** What an open container is in its shape. */
const ANY_ARRAY = 0;
const ANY_OBJECT = 1;
/** The response. */
const TOP = 2;
/** A series, or a record. */
const ENTRY = 3;
/** Of series, or of records. */
const LIST = 4;
/** The points of a series. */
const DATA = 5;
/** A point that is an array. */
const ELEMENT = 6;

/** What the next value has to be. */
const ANYTHING = 0;
const A_TOP = 1;
const A_LIST = 2;
const A_NAME = 3;
const A_DATA = 4;
const AN_ENTRY = 5;

const LITERALS = new Map(
  ['true', 'false', 'null'].map((literal) => [literal.charCodeAt(0), Buffer.from(literal)]),
);

const EXPECTED_NEXT = new Map([
  [DOCUMENT, 'a JSON document'],
  [VALUE, 'a value'],
  [VALUE_OR_END, 'a value or "]"'],
  [KEY, 'a key in quotes'],
  [KEY_OR_END, 'a key in quotes or "}"'],
  [KEY_COLON, '":"'],
  [AFTER_DOCUMENT, 'the end of the document'],
]);

const START_OF_DOCUMENT: DocumentPosition = { offset: 0, line: 1, column: 1 };

class JsonScanner implements DocumentScanner {
  readonly #isAnyJson: boolean;
  /** Keys of the shape; what it does not have is no key. */
  readonly #listKey: string | undefined;
  readonly #nameKey: string | undefined;
  readonly #pointsKey: string | undefined;
  readonly #partBytes: number;
  readonly #frameBytes: number;
  readonly #tally: ReadingTally;
  readonly #layout: LayoutBuilder;
  readonly #runs: DataRuns;
  readonly #number = new NumberToken();
  readonly #string = new StringToken(MAX_NAME_BYTES);
  readonly #cursor = new ChunkCursor();
  readonly #roles = new Uint8Array(MAX_DEPTH + 1);
  readonly #topKeys = new Set<string>();
  readonly #entryKeys = new Set<string>();

  #fault: ScanFault | undefined;
  #state = DOCUMENT;
  #depth = 0;
  #expected: number;
  /** Offset of the chunk that is read, or of the next one. */
  #base = 0;
  #literal = Buffer.alloc(0);
  #literalAt = 0;
  #token = START_OF_DOCUMENT;

  #top = START_OF_DOCUMENT;
  #topEnd = 0;
  #list = { start: -1, end: -1 };
  #entries = 0;
  #entry = START_OF_DOCUMENT;
  #data = { start: -1, end: -1 };
  #name: string | undefined;
  /** The first entry that would be cut although too much stands around its data. */
  #heavyEntry: { readonly at: DocumentPosition; readonly index: number } | undefined;

  #isElementOpen = false;
  #elementStart = 0;
  #elementLine = 1;
  #elementColumn = 1;
  #elementMembers = 0;
  #isElementArray = false;
  #elementMs = Number.NaN;
  #elementValue = Number.NaN;
  #isElementNumbers = true;

  constructor(shape: DocumentShape, options: ScanOptions) {
    this.#isAnyJson = shape.kind === 'any JSON';
    this.#listKey = shape.kind === 'any JSON' ? undefined : shape.list;
    this.#nameKey = shape.kind === 'any JSON' ? undefined : shape.name;
    this.#pointsKey = shape.kind === 'series of points' ? shape.points : undefined;
    this.#partBytes = options.partBytes ?? DEFAULT_PART_BYTES;
    this.#frameBytes = options.frameBytes ?? DEFAULT_FRAME_BYTES;
    this.#expected = this.#isAnyJson ? ANYTHING : A_TOP;
    // short enough to fill parts well, long enough for the layout of many gigabytes to be small
    const runBytes = Math.floor(this.#partBytes / 8);
    this.#tally = new ReadingTally(options.latestMs);
    this.#layout = new LayoutBuilder(runBytes, Math.floor(this.#partBytes / 2));
    this.#runs = new DataRuns(this.#layout, runBytes);
  }

  push(chunk: Uint8Array): boolean {
    if (this.#fault !== undefined) return false;
    const bytes = Buffer.isBuffer(chunk)
      ? chunk
      : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
    if (!this.#scan(bytes)) return false;
    this.#base += chunk.length;
    this.#cursor.lineStart -= chunk.length;
    return this.#checkLimits(this.#base);
  }

  end(): ScanResult {
    const fault = this.#fault ?? this.#findFaultAtEnd();
    if (fault !== undefined) {
      this.#fault = fault;
      return { ok: false, fault };
    }
    const layout = this.#isAnyJson ? this.#layoutOfOther() : this.#layout.build(this.#frame());
    return { ok: true, size: this.#base, profile: this.#tally.build(), layout };
  }

  #findFaultAtEnd(): ScanFault | undefined {
    const end = this.#positionOf(this.#base);
    if (this.#state === IN_NUMBER && this.#depth === 0 && this.#number.isComplete) {
      if (!this.#number.finish(this.#base)) this.#failToken(this.#number.fault);
      else this.#endNumber(this.#base);
      if (this.#fault !== undefined) return this.#fault;
    }
    if (this.#state === DOCUMENT) {
      const message =
        this.#base === 0 ? 'the document has no bytes' : 'the document is nothing but whitespace';
      return { reason: 'empty', message, ...START_OF_DOCUMENT };
    }
    if (this.#state !== AFTER_DOCUMENT) {
      const message = 'the document ends before its JSON does: it was cut off';
      return { reason: 'truncated', message, ...end };
    }
    if (this.#isAnyJson || this.#base <= this.#partBytes) return undefined;
    const { prefix, suffix } = this.#frame();
    const around = prefix.end - prefix.start + suffix.end - suffix.start;
    if (around > this.#frameBytes) {
      const message = `${around} bytes stand around "${this.#listKey}", which is more than a response that is cut into parts may have: ${this.#frameBytes}`;
      return { reason: 'too_large', message, ...this.#top };
    }
    if (this.#heavyEntry === undefined) return undefined;
    const message = `more than ${this.#frameBytes} bytes stand around the ${this.#pointsKey} of ${this.#listKey}[${this.#heavyEntry.index}], which is cut into parts`;
    return { reason: 'too_large', message, ...this.#heavyEntry.at };
  }

  #frame() {
    return {
      prefix: { start: this.#top.offset, end: this.#list.start },
      suffix: { start: this.#list.end, end: this.#topEnd },
    };
  }

  #layoutOfOther(): ResponseLayout {
    this.#layout.addElement(0, this.#base);
    const end = { start: this.#base, end: this.#base };
    return this.#layout.build({ prefix: { start: 0, end: 0 }, suffix: end });
  }

  #scan(chunk: Buffer): boolean {
    const length = chunk.length;
    const cursor = this.#cursor;
    const roles = this.#roles;
    let i = 0;
    while (i < length) {
      const state = this.#state;
      if (state > AFTER_DOCUMENT) {
        i = this.#scanToken(chunk, i);
        if (i < 0) return false;
        continue;
      }
      let byte = chunk[i] as number;
      if (byte <= SPACE) {
        i = cursor.skipSpace(chunk, i);
        if (i === length) return true;
        byte = chunk[i] as number;
      }
      if (state === AFTER_VALUE) {
        const role = roles[this.#depth] as number;
        const isObject = role >= ANY_OBJECT && role <= ENTRY;
        if (byte === COMMA) this.#state = isObject ? KEY : VALUE;
        else if (byte === (isObject ? CLOSE_BRACE : CLOSE_BRACKET)) {
          if (!this.#close(this.#base + i)) return false;
        } else return this.#failUnexpected(byte, i);
      } else if (state <= VALUE_OR_END) {
        if (byte === CLOSE_BRACKET && state === VALUE_OR_END) {
          if (!this.#close(this.#base + i)) return false;
        } else {
          if (byte === OPEN_BRACKET && roles[this.#depth] === DATA) {
            cursor.index = i;
            const isAfterComma = readRun(chunk, this.#base, cursor, this.#tally, this.#runs);
            if (cursor.index > i) {
              i = cursor.index;
              this.#state = isAfterComma ? VALUE : AFTER_VALUE;
              // what stopped the fast path after a comma is for the slow path at once
              if (!isAfterComma || i === length || chunk[i] !== OPEN_BRACKET) continue;
            }
          }
          if (!this.#beginValue(chunk[i] as number, i)) return false;
        }
      } else if (state === KEY_COLON) {
        if (byte !== COLON) return this.#failUnexpected(byte, i);
        this.#state = VALUE;
      } else if (byte === QUOTE && state <= KEY_OR_END) {
        const role = roles[this.#depth] as number;
        this.#beginString(i, role === TOP || role === ENTRY);
        this.#state = IN_KEY;
      } else if (byte === CLOSE_BRACE && state === KEY_OR_END) {
        if (!this.#close(this.#base + i)) return false;
      } else return this.#failUnexpected(byte, i);
      // a number's first byte is part of it
      if (this.#state !== IN_NUMBER) i++;
    }
    return true;
  }

  /** Reads on in a token. Returns the index behind it, or -1 if there is a fault. */
  #scanToken(chunk: Buffer, from: number): number {
    switch (this.#state) {
      case IN_NUMBER: {
        const end = this.#number.scan(chunk, from, this.#base);
        if (end < 0) return this.#failToken(this.#number.fault);
        return end === chunk.length || this.#endNumber(this.#base + end) ? end : -1;
      }
      case IN_STRING:
      case IN_KEY: {
        const end = this.#string.scan(chunk, from, this.#base);
        this.#cursor.lineStart += this.#string.continuations;
        if (end < 0) return this.#failToken(this.#string.fault);
        if (end === 0) return chunk.length;
        return this.#endString(this.#base + end) ? end : -1;
      }
      case IN_LITERAL:
        return this.#scanLiteral(chunk, from);
      default:
        return this.#scanByteOrderMark(chunk, from);
    }
  }

  #scanLiteral(chunk: Uint8Array, from: number): number {
    let i = from;
    while (i < chunk.length && this.#literalAt < this.#literal.length) {
      const byte = chunk[i] as number;
      if (byte !== this.#literal[this.#literalAt]) {
        this.#failSyntax(`${showByte(byte)} inside of ${this.#literal.toString()}`, i);
        return -1;
      }
      this.#literalAt++;
      i++;
    }
    if (this.#literalAt < this.#literal.length) return i;
    return this.#endScalar(this.#base + i, Number.NaN, false) ? i : -1;
  }

  #scanByteOrderMark(chunk: Uint8Array, from: number): number {
    const at = this.#base + from;
    if (chunk[from] !== BYTE_ORDER_MARK[at]) {
      this.#fail('not_json', 'the document does not start as JSON does', at, START_OF_DOCUMENT);
      return -1;
    }
    if (at < BYTE_ORDER_MARK.length - 1) return from + 1;
    const message = 'the document starts with a byte order mark, which JSON does not';
    this.#fail('byte_order_mark', message, at, START_OF_DOCUMENT);
    return -1;
  }

  #beginValue(byte: number, index: number): boolean {
    const role = this.#roles[this.#depth] as number;
    const expected = role === LIST ? AN_ENTRY : this.#expected;
    if (expected !== ANYTHING && !this.#checkExpected(expected, byte, index)) return false;
    this.#expected = ANYTHING;
    if (role === DATA) this.#beginElement(index, byte);
    if (byte === QUOTE) {
      this.#beginString(index, expected === A_NAME);
      this.#state = IN_STRING;
      return true;
    }
    if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      return this.#open(byte, role, expected, index);
    }
    if (isDigit(byte) || byte === MINUS) {
      this.#number.begin(this.#base + index);
      this.#state = IN_NUMBER;
      return true;
    }
    const literal = LITERALS.get(byte);
    if (literal !== undefined) {
      this.#literal = literal;
      this.#literalAt = 1;
      this.#state = IN_LITERAL;
      return true;
    }
    return this.#state === DOCUMENT
      ? this.#failStart(byte, index)
      : this.#failUnexpected(byte, index);
  }

  #open(byte: number, role: number, expected: number, index: number): boolean {
    if (this.#depth === MAX_DEPTH) {
      const message = `more than ${MAX_DEPTH} arrays and objects inside each other`;
      return this.#fail('too_deep', message, this.#base + index, this.#positionAt(index));
    }
    const start = this.#base + index;
    let opened = byte === OPEN_BRACE ? ANY_OBJECT : ANY_ARRAY;
    if (expected === A_TOP) {
      opened = TOP;
      this.#top = this.#positionAt(index);
    } else if (expected === A_LIST) {
      opened = LIST;
      this.#list.start = start + 1;
    } else if (expected === AN_ENTRY) {
      opened = ENTRY;
      this.#entry = this.#positionAt(index);
      this.#entryKeys.clear();
      this.#name = undefined;
      this.#data = { start: -1, end: -1 };
      if (this.#pointsKey === undefined) this.#beginElement(index, byte);
    } else if (expected === A_DATA) {
      opened = DATA;
      this.#data.start = start + 1;
    } else if (role === DATA && byte === OPEN_BRACKET) {
      opened = ELEMENT;
    }
    this.#depth++;
    this.#roles[this.#depth] = opened;
    this.#state = byte === OPEN_BRACE ? KEY_OR_END : VALUE_OR_END;
    return true;
  }

  #close(at: number): boolean {
    const closed = this.#roles[this.#depth] as number;
    this.#depth--;
    if (closed === TOP) {
      this.#topEnd = at + 1;
      if (this.#list.start < 0) {
        return this.#failShape(`the response has no "${this.#listKey}"`, at, this.#top);
      }
    } else if (closed === LIST) {
      this.#list.end = at;
    } else if (closed === DATA) {
      this.#data.end = at;
      this.#runs.close();
    } else if (closed === ENTRY && !this.#endEntry(at)) {
      return false;
    }
    if (this.#depth === 0) {
      this.#state = AFTER_DOCUMENT;
      return true;
    }
    return this.#endValue(at + 1, Number.NaN, false);
  }

  #endEntry(at: number): boolean {
    const end = at + 1;
    const start = this.#entry.offset;
    const index = this.#entries++;
    const where = `${this.#listKey}[${index}]`;
    if (this.#name === undefined) {
      return this.#failShape(`${where} has no "${this.#nameKey}"`, at, this.#entry);
    }
    if (this.#pointsKey === undefined) {
      if (!this.#checkLimits(end)) return false;
      this.#isElementOpen = false;
      this.#tally.countItem();
      this.#layout.addElement(start, end);
      return true;
    }
    if (this.#data.start < 0) {
      return this.#failShape(`${where} has no "${this.#pointsKey}"`, at, this.#entry);
    }
    if (!this.#tally.endSeries(this.#name)) {
      const message = `more than ${MAX_SERIES} names of series after the first ${MAX_SERIES} entries`;
      return this.#fail('too_large', message, at, this.#entry);
    }
    const isCut = this.#layout.endEntry(start, end, this.#data);
    const around = end - start - (this.#data.end - this.#data.start);
    if (isCut && around > this.#frameBytes) this.#heavyEntry ??= { at: this.#entry, index };
    return true;
  }

  #beginElement(index: number, byte: number): void {
    this.#isElementOpen = true;
    this.#elementStart = this.#base + index;
    this.#elementLine = this.#cursor.line;
    this.#elementColumn = index - this.#cursor.lineStart + 1;
    this.#elementMembers = 0;
    this.#isElementArray = byte === OPEN_BRACKET;
    this.#elementMs = Number.NaN;
    this.#elementValue = Number.NaN;
    this.#isElementNumbers = true;
  }

  /** Ends a value in its container. `number` is NaN for what is no exact number. */
  #endValue(end: number, number: number, isNumber: boolean): boolean {
    this.#state = AFTER_VALUE;
    const role = this.#roles[this.#depth] as number;
    if (role === ELEMENT) {
      if (this.#elementMembers === 0) this.#elementMs = number;
      else if (this.#elementMembers === 1) this.#elementValue = number;
      if (!isNumber) this.#isElementNumbers = false;
      this.#elementMembers++;
    } else if (role === DATA) {
      if (!this.#checkLimits(end)) return false;
      this.#isElementOpen = false;
      const isPair = this.#isElementArray && this.#isElementNumbers && this.#elementMembers === 2;
      this.#tally.add(this.#elementMs, this.#elementValue, isPair);
      this.#runs.add(this.#elementStart, end);
    }
    return true;
  }

  #endScalar(end: number, number: number, isNumber: boolean): boolean {
    if (this.#depth > 0) return this.#endValue(end, number, isNumber);
    this.#state = AFTER_DOCUMENT;
    return true;
  }

  #endNumber(end: number): boolean {
    return this.#endScalar(end, this.#number.isExact ? this.#number.value : Number.NaN, true);
  }

  #beginString(index: number, isCaptured: boolean): void {
    this.#string.begin(this.#base + index, isCaptured);
    if (isCaptured) this.#token = this.#positionAt(index);
  }

  #endString(end: number): boolean {
    const isKey = this.#state === IN_KEY;
    if (this.#string.isCaptured) {
      if (!this.#checkLimits(end - 1)) return false;
      if (!(isKey ? this.#takeKey(end) : this.#takeName(end))) return false;
    }
    if (!isKey) return this.#endScalar(end, Number.NaN, false);
    this.#state = KEY_COLON;
    return true;
  }

  #takeKey(end: number): boolean {
    const key = this.#string.text;
    const isTop = this.#roles[this.#depth] === TOP;
    const keys = isTop ? this.#topKeys : this.#entryKeys;
    if (keys.has(key)) {
      const message = `the key ${shorten(key)} comes twice in one object, and jsonb keeps one`;
      return this.#fail('duplicate_key', message, end, this.#token);
    }
    if (keys.size === MAX_MEMBERS) {
      const message = `an object of more than ${MAX_MEMBERS} members`;
      return this.#fail('too_large', message, end, this.#token);
    }
    keys.add(key);
    if (isTop) this.#expected = key === this.#listKey ? A_LIST : ANYTHING;
    else if (key === this.#nameKey) this.#expected = A_NAME;
    else this.#expected = key === this.#pointsKey ? A_DATA : ANYTHING;
    return true;
  }

  #takeName(end: number): boolean {
    this.#name = this.#string.text;
    if (this.#pointsKey !== undefined || isUuid(this.#name)) return true;
    const message = `${this.#listKey}[${this.#entries}].${this.#nameKey} is no UUID: ${shorten(this.#name)}`;
    return this.#failShape(message, end, this.#token);
  }

  #checkExpected(expected: number, byte: number, index: number): boolean {
    const kind = kindOf(byte);
    const wanted =
      expected === A_NAME
        ? 'a string'
        : expected === A_LIST || expected === A_DATA
          ? 'an array'
          : 'an object';
    if (kind === undefined || kind === wanted) return true;
    const entry = `${this.#listKey}[${this.#entries}]`;
    const what = {
      [A_TOP]: 'the response',
      [A_LIST]: `"${this.#listKey}"`,
      [A_NAME]: `${entry}.${this.#nameKey}`,
      [A_DATA]: `${entry}.${this.#pointsKey}`,
      [AN_ENTRY]: entry,
    }[expected];
    const message = `${what} is not ${wanted} but ${kind}`;
    return this.#failShape(message, this.#base + index, this.#positionAt(index));
  }

  /** Refuses what is too large as soon as it is, however the chunks fall. */
  #checkLimits(seen: number): boolean {
    if (this.#fault !== undefined) return false;
    const isNamed = this.#string.isCaptured && this.#isInString();
    const nameEnd = isNamed ? this.#string.start + 1 + MAX_NAME_BYTES : Number.POSITIVE_INFINITY;
    const elementEnd = this.#isElementOpen
      ? this.#elementStart + this.#partBytes
      : Number.POSITIVE_INFINITY;
    if (seen > nameEnd && nameEnd < elementEnd) {
      const message = `a key or a name of more than ${MAX_NAME_BYTES} bytes`;
      this.#fault = { reason: 'too_large', message, ...this.#token };
    } else if (seen > elementEnd) {
      this.#fault = {
        reason: 'too_large',
        message: `an element of more than ${this.#partBytes} bytes`,
        offset: this.#elementStart,
        line: this.#elementLine,
        column: this.#elementColumn,
      };
    }
    return this.#fault === undefined;
  }

  #isInString(): boolean {
    return this.#state === IN_STRING || this.#state === IN_KEY;
  }

  #positionAt(index: number): DocumentPosition {
    return this.#positionOf(this.#base + index);
  }

  /** The position of an offset on the current line. */
  #positionOf(offset: number): DocumentPosition {
    const { line, lineStart } = this.#cursor;
    return { offset, line, column: offset - this.#base - lineStart + 1 };
  }

  #failStart(byte: number, index: number): boolean {
    const at = this.#base + index;
    if (byte === BYTE_ORDER_MARK[0] && at === 0) {
      this.#state = IN_BYTE_ORDER_MARK;
      return true;
    }
    const position = this.#positionAt(index);
    if (byte === LESS_THAN) {
      const message = 'the document starts with "<": it is a page of HTML or XML and no JSON';
      return this.#fail('html', message, at, position);
    }
    const message = `the document starts with ${showByte(byte)}, as no JSON does`;
    return this.#fail('not_json', message, at, position);
  }

  #failUnexpected(byte: number, index: number): false {
    const role = this.#roles[this.#depth] as number;
    const isObject = role >= ANY_OBJECT && role <= ENTRY;
    const wanted = EXPECTED_NEXT.get(this.#state) ?? (isObject ? '"," or "}"' : '"," or "]"');
    return this.#failSyntax(`${showByte(byte)} stands where ${wanted} should`, index);
  }

  #failSyntax(message: string, index: number): false {
    return this.#fail('syntax', message, this.#base + index, this.#positionAt(index));
  }

  #failToken(fault: TokenFault | undefined): -1 {
    if (fault !== undefined) {
      const { reason, message, seenAt, offset } = fault;
      this.#fail(reason, message, seenAt, this.#positionOf(offset));
    }
    return -1;
  }

  #failShape(message: string, seenAt: number, position: DocumentPosition): false {
    return this.#fail('wrong_shape', message, seenAt, position);
  }

  #fail(reason: FaultReason, message: string, seenAt: number, position: DocumentPosition): false {
    if (this.#checkLimits(seenAt)) this.#fault = { reason, message, ...position };
    return false;
  }
}

function kindOf(byte: number): string | undefined {
  if (byte === OPEN_BRACE) return 'an object';
  if (byte === OPEN_BRACKET) return 'an array';
  if (byte === QUOTE) return 'a string';
  if (isDigit(byte) || byte === MINUS) return 'a number';
  return LITERALS.get(byte)?.toString();
}

function shorten(text: string): string {
  const characters = Array.from(text);
  return JSON.stringify(
    characters.length <= 60 ? text : `${characters.slice(0, 60).join('')}\u2026`,
  );
}
