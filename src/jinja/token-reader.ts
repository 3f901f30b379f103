import { SyntaxFault, type Token, type TokenType, tokensOf } from './lexer.js';

/** Reads the tokens of a template, each when it is asked for. */
export class TokenReader {
  /** The names that expressions have mentioned so far. */
  readonly mentioned: string[] = [];
  /** Where in the template the token ends that was taken last. */
  place = 0;
  private readonly tokens: Iterator<Token, void>;
  private ahead: Token | undefined;

  constructor(text: string) {
    this.tokens = tokensOf(text);
  }

  /** The next token, without taking it. Throws a SyntaxFault where none can be read. */
  peek(): Token {
    this.ahead ??= this.tokens.next().value as Token;
    return this.ahead;
  }

  next(): Token {
    const token = this.peek();
    if (token.type !== 'end') this.ahead = undefined;
    this.place = token.end;
    return token;
  }

  isAt(type: TokenType, ...values: string[]): boolean {
    const token = this.peek();
    return token.type === type && (values.length === 0 || values.includes(token.value));
  }

  /** Takes an operator, if it comes next. */
  skip(operator: string): boolean {
    return this.skipIf('operator', operator);
  }

  /** Takes a word of the language, if it comes next. */
  skipWord(word: string): boolean {
    return this.skipIf('name', word);
  }

  private skipIf(type: TokenType, value: string): boolean {
    if (!this.isAt(type, value)) return false;
    this.next();
    return true;
  }

  /** Takes a token of a type. Throws a SyntaxFault that names what came instead. */
  take(type: TokenType, what: string): Token {
    if (!this.isAt(type)) throw this.expected(what);
    return this.next();
  }

  /** Takes an operator. Throws a SyntaxFault that names what came instead. */
  takeOperator(operator: string, what = `"${operator}"`): void {
    if (!this.skip(operator)) throw this.expected(what);
  }

  expected(what: string): SyntaxFault {
    const { type, value, line } = this.peek();
    const found =
      type === 'block-end' || type === 'variable-end'
        ? `the end of the tag, ${value}`
        : JSON.stringify(value);
    return new SyntaxFault(`Expected ${what}, but found ${found}.`, line);
  }
}
