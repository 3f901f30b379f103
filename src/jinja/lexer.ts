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
  const token = tokenMaker(text);
  let at = 0;
  let cut = false;
  const textUntil = (end: number, cutsEnd: boolean): Token[] => {
    let value = text.slice(at, end);
    if (cut) value = value.trimStart();
    if (cutsEnd) value = value.trimEnd();
    return value === '' ? [] : [token('text', value, at, end)];
  };
  const find = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    return pattern.exec(text);
  };
  for (let opening = find(OPENING); opening !== null; opening = find(OPENING)) {
    const { before, raw, kind, sign } = opening.groups ?? {};
    yield* textUntil(opening.index, (before ?? sign) === '-');
    at = opening.index + opening[0].length;
    const type = kind === '{' ? 'variable-start' : 'block-start';
    const first = token(type, opening[0], opening.index, at);
    if (kind === '%' || kind === '{') {
      yield first;
      const last = yield* tagTokens(text, first, token);
      at = last.end;
      cut = last.value.startsWith('-');
      continue;
    }
    const closing = find(kind === '#' ? END_OF_COMMENT : END_OF_RAW);
    if (closing === null) {
      const what = kind === '#' ? 'A comment {#' : '{% raw %}';
      throw new SyntaxFault(`${what} is not closed.`, first.line);
    }
    cut = raw === '-';
    if (kind !== '#') yield* textUntil(closing.index, closing[1] === '-');
    at = closing.index + closing[0].length;
    cut = closing.at(-1) === '-';
  }
  yield* textUntil(text.length, false);
  yield token('end', '', text.length, text.length);
}

type TokenMaker = (type: TokenType, value: string, start: number, end: number) => Token;

/** Makes tokens with their lines, each behind the one before. */
function tokenMaker(text: string): TokenMaker {
  let line = 1;
  let newline = text.indexOf('\n');
  return (type, value, start, end) => {
    while (newline >= 0 && newline < start) {
      line++;
      newline = text.indexOf('\n', newline + 1);
    }
    return { type, value, line, start, end };
  };
}

const DIGITS = String.raw`\d+(?:_\d+)*`;
const PATTERNS = {
  end: String.raw`[-+]?%\}|-?\}\}`,
  // what follows a dot is a whole number: the key of an item
  number: [
    String.raw`0[xX](?:_?[\da-fA-F])+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+`,
    String.raw`(?<!\.)${DIGITS}(?:\.${DIGITS})?(?:[eE][-+]?${DIGITS})?|${DIGITS}`,
  ].join('|'),
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

/** The tokens of a tag after its first one; gives back the last of them. */
function* tagTokens(
  text: string,
  first: Token,
  token: TokenMaker,
): Generator<Token, Token, undefined> {
  const brackets: string[] = [];
  for (let at = first.end; ; ) {
    BLANKS.lastIndex = at;
    const start = at + (BLANKS.exec(text)?.[0].length ?? 0);
    INSIDE.lastIndex = start;
    const found = INSIDE.exec(text);
    if (found === null) throw faultAt(token('operator', text.slice(start), start, start), first);
    const type = typeOf(found.groups ?? {}, brackets.at(-1));
    const isPart = type === 'operator' && found.groups?.end !== undefined;
    const written = isPart ? found[0].charAt(0) : found[0];
    at = start + written.length;
    const next = token(type, written, start, at);
    yield type === 'string' ? unescaped(next) : next;
    if (type === 'block-end' || type === 'variable-end') return next;
    if (type !== 'operator') continue;
    if ('([{'.includes(written)) brackets.push(written);
    if (')]}'.includes(written)) brackets.pop();
  }
}

function typeOf(
  { end, name, number, string }: Readonly<Record<string, string | undefined>>,
  bracket: string | undefined,
): TokenType {
  if (end?.endsWith('%}')) return 'block-end';
  // `}}` first closes the dictionaries that are open
  if (end !== undefined && bracket !== '{') return 'variable-end';
  if (name !== undefined) return 'name';
  if (number !== undefined) return 'number';
  return string === undefined ? 'operator' : 'string';
}

/** What is wrong with the rest of a text, in which no token of a tag begins. */
function faultAt({ value: rest, line }: Token, first: Token): SyntaxFault {
  const [letter] = rest;
  if (letter === undefined) return new SyntaxFault('The file ends inside a tag.', first.line);
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

/** A string with what Python makes of what stands in its quotes. */
function unescaped({ value: written, line, ...token }: Token): Token {
  const value = written.slice(1, -1).replace(ESCAPE, (whole, x, u, U, octal, letter?: string) => {
    const code = Number.parseInt(octal ?? x ?? u ?? U, octal === undefined ? 16 : 8);
    if (code <= 0x10ffff) return String.fromCodePoint(code);
    if (letter !== undefined && !'xuUN'.includes(letter)) return LETTERS[letter] ?? whole;
    throw new SyntaxFault(`${whole} is no character; a backslash itself is written \\\\.`, line);
  });
  return { ...token, line, value };
}
