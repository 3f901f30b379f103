/** A fault of a template's form; its line counts from 1. */
export class SyntaxFault extends Error {
  readonly line: number;

  constructor(message: string, line: number) {
    super(message);
    this.line = line;
  }
}

export type TokenType =
  | 'text'
  | 'block-start'
  | 'block-end'
  | 'variable-start'
  | 'variable-end'
  | 'name'
  | 'string'
  | 'number'
  | 'operator'
  | 'end';

/** A piece of a template. */
export interface Token {
  readonly type: TokenType;
  /** As it is written; of a string, what it stands for; of a text, without what `-` cuts off. */
  readonly value: string;
  /** Counts from 1. */
  readonly line: number;
  /** Where it begins and ends in the template. */
  readonly start: number;
  readonly end: number;
}

const OPENING = /\{%(?<before>[-+]?)\s*raw\s*(?<raw>-?)%\}|\{(?<kind>[%{#])(?<sign>[-+]?)/g;
const END_OF_RAW = /\{%([-+]?)\s*endraw\s*([-+]?)%\}/g;
const END_OF_COMMENT = /([-+]?)#\}/g;

/**
 * The tokens of a template, one `end` last, with Jinja's rules as dbt leaves them: `-` in a tag cuts
 * off the blanks beside it, and all other text stays as it is. Throws a SyntaxFault where it gets to
 * what is no token.
 */
export function* tokensOf(text: string): Generator<Token, void, undefined> {
  const lineAt = lineCounter(text);
  let at = 0;
  let cut = false;
  function* textUntil(end: number, cutsEnd: boolean): Generator<Token, void, undefined> {
    let value = text.slice(at, end);
    if (cut) value = value.trimStart();
    if (cutsEnd) value = value.trimEnd();
    if (value !== '') yield { type: 'text', value, line: lineAt(at), start: at, end };
  }
  const find = (pattern: RegExp, from: number): RegExpExecArray | null => {
    pattern.lastIndex = from;
    return pattern.exec(text);
  };
  for (;;) {
    const opening = find(OPENING, at);
    if (opening === null) break;
    const { before, raw, kind, sign } = opening.groups ?? {};
    yield* textUntil(opening.index, (before ?? sign) === '-');
    const line = lineAt(opening.index);
    at = opening.index + opening[0].length;
    if (kind === '%' || kind === '{') {
      const tag = { start: opening.index, line, isBlock: kind === '%' };
      const last = yield* tagTokens(text, tag, at, lineAt);
      at = last.end;
      cut = last.value.startsWith('-');
      continue;
    }
    const closing = find(kind === '#' ? END_OF_COMMENT : END_OF_RAW, at);
    if (closing === null) {
      throw new SyntaxFault(`${kind === '#' ? 'A comment {#' : '{% raw %}'} is not closed.`, line);
    }
    if (kind !== '#') {
      cut = raw === '-';
      yield* textUntil(closing.index, closing[1] === '-');
    }
    at = closing.index + closing[0].length;
    cut = closing.at(-1) === '-';
  }
  yield* textUntil(text.length, false);
  yield { type: 'end', value: '', line: lineAt(text.length), start: text.length, end: text.length };
}

/** Tells the lines of places in a text, each behind the one before. */
function lineCounter(text: string): (place: number) => number {
  let line = 1;
  let newline = text.indexOf('\n');
  return (place) => {
    while (newline >= 0 && newline < place) {
      line++;
      newline = text.indexOf('\n', newline + 1);
    }
    return line;
  };
}

const DIGITS = String.raw`\d+(?:_\d+)*`;
const PATTERNS = {
  end: String.raw`[-+]?%\}|-?\}\}`,
  // what follows a dot is a whole number: the key of an item
  number: String.raw`0[xX](?:_?[\da-fA-F])+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+|(?<!\.)${DIGITS}(?:\.${DIGITS})?(?:[eE][-+]?${DIGITS})?|${DIGITS}`,
  name: String.raw`[\p{L}_][\p{L}\p{N}_]*`,
  string: String.raw`'[^'\\]*(?:\\[\s\S][^'\\]*)*'|"[^"\\]*(?:\\[\s\S][^"\\]*)*"`,
  operator: String.raw`\*\*|\/\/|[=!<>]=|[-+*\/%~.,:|=<>()[\]{}]`,
};
const INSIDE = new RegExp(
  Object.entries(PATTERNS)
    .map(([name, pattern]) => `(?<${name}>${pattern})`)
    .join('|'),
  'uy',
);
const BLANKS = /\s*/y;

interface Tag {
  readonly start: number;
  readonly line: number;
  readonly isBlock: boolean;
}

/** The tokens of a tag whose first sign ends at `from`; gives back the last of them. */
function* tagTokens(
  text: string,
  tag: Tag,
  from: number,
  lineAt: (place: number) => number,
): Generator<Token, Token, undefined> {
  const opening = text.slice(tag.start, from);
  const type = tag.isBlock ? 'block-start' : 'variable-start';
  yield { type, value: opening, line: tag.line, start: tag.start, end: from };
  const brackets: string[] = [];
  for (let at = from; ; ) {
    BLANKS.lastIndex = at;
    const start = at + (BLANKS.exec(text)?.[0].length ?? 0);
    const line = lineAt(start);
    INSIDE.lastIndex = start;
    const found = INSIDE.exec(text);
    if (found === null) throw faultAt(text, start, line, tag);
    const { end: closing, number, name, string } = found.groups ?? {};
    // `}}` first closes the dictionaries that are open
    if (closing !== undefined && !(closing.endsWith('}}') && brackets.at(-1) === '{')) {
      const type = closing.endsWith('%}') ? 'block-end' : 'variable-end';
      const last: Token = { type, value: closing, line, start, end: start + closing.length };
      yield last;
      return last;
    }
    const written = closing?.charAt(0) ?? found[0];
    const end = start + written.length;
    at = end;
    if (string !== undefined) {
      yield { type: 'string', value: unescaped(written.slice(1, -1), line), line, start, end };
    } else if (name !== undefined || number !== undefined) {
      yield { type: name === undefined ? 'number' : 'name', value: written, line, start, end };
    } else {
      if ('([{'.includes(written)) brackets.push(written);
      if (')]}'.includes(written)) brackets.pop();
      yield { type: 'operator', value: written, line, start, end };
    }
  }
}

/** What is wrong with a place of a tag where no token begins. */
function faultAt(text: string, place: number, line: number, tag: Tag): SyntaxFault {
  const letter = String.fromCodePoint(text.codePointAt(place) ?? 0);
  if (place >= text.length) return new SyntaxFault('The file ends inside a tag.', tag.line);
  if (letter === "'" || letter === '"') return new SyntaxFault('A string is not closed.', line);
  return new SyntaxFault(`${JSON.stringify(letter)} cannot stand in a tag.`, line);
}

const ESCAPE = /\\(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|U(0[\da-fA-F]{7})|([0-7]{1,3})|([\s\S]))/g;
const LETTERS: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  a: '\x07',
  b: '\b',
  f: '\f',
  v: '\v',
  '\\': '\\',
  "'": "'",
  '"': '"',
  '\n': '',
};

/** What Python makes of what stands in quotes. */
function unescaped(written: string, line: number): string {
  if (!written.includes('\\')) return written;
  return written.replace(ESCAPE, (whole, x, u, U, octal, letter: string | undefined) => {
    const code = Number.parseInt(octal ?? x ?? u ?? U, octal === undefined ? 16 : 8);
    if (code <= 0x10ffff) return String.fromCodePoint(code);
    if (letter !== undefined && !'xuUN'.includes(letter)) return LETTERS[letter] ?? whole;
    throw new SyntaxFault(`${whole} is no character; a backslash itself is written \\\\.`, line);
  });
}
