import nunjucks from 'nunjucks';

/** A token as nunjucks' lexer gives it; its line counts from 0. */
export interface Token {
  readonly type: string;
  readonly value: string;
  readonly lineno: number;
  readonly colno: number;
}

/** nunjucks' lexer over one text, with the state that it keeps. */
export interface Tokens {
  index: number;
  readonly len: number;
  lineno: number;
  colno: number;
  in_code: boolean;
  nextToken(): Token | null;
}

/** What nunjucks' parser has for those who extend it, and its types leave out. */
interface NunjucksParser {
  nextToken(withWhitespace?: boolean): Token | null;
  peekToken(): Token | null;
  pushToken(token: Token | null): void;
  skip(type: string): boolean;
  skipValue(type: string, value: string): boolean;
  skipSymbol(value: string): boolean;
  expect(type: string): Token;
  fail(message: string, lineno?: number, colno?: number): never;
  advanceAfterBlockEnd(name?: string): Token;
  parseUntilBlocks(...names: string[]): unknown;
  parseStatement(): unknown;
  parseExpression(): unknown;
  parseFor(): unknown;
  parseSet(): unknown;
  parseMacro(): unknown;
  parseCall(): unknown;
  parseFilterStatement(): unknown;
  parse(): unknown;
}

interface Internals {
  readonly lexer: { lex(text: string): Tokens };
  readonly parser: { readonly Parser: new (tokens: Tokens) => NunjucksParser };
}

const internals = nunjucks as unknown as Internals;

export const Parser = internals.parser.Parser;

export function lex(text: string): Tokens {
  return internals.lexer.lex(text);
}
