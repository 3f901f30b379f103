import { lex, type Token, type Tokens } from './nunjucks-internals.js';

/** A fault of a template's form; its line counts from 1. */
export class SyntaxFault extends Error {
  readonly line: number;

  constructor(message: string, line: number) {
    super(message);
    this.line = line;
  }
}

const ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  '\\': '\\',
  "'": "'",
  '"': '"',
  '\n': '',
};

/** nunjucks' tokens of a text, brought to Jinja's: strings, and `}}` that closes two dictionaries. */
export function jinjaTokens(text: string): Tokens {
  const tokens = lex(text);
  const next = tokens.nextToken.bind(tokens);
  let depth = 0;
  tokens.nextToken = () => {
    const start = tokens.index;
    const token = within(tokens.lineno + 1, next);
    if (token === null) return null;
    if (token.type === 'left-curly') depth++;
    if (token.type === 'right-curly') depth = Math.max(0, depth - 1);
    if (token.type === 'block-start' || token.type === 'variable-start') depth = 0;
    if (token.type === 'variable-end' && token.value === '}}' && depth > 0) {
      depth--;
      tokens.index--;
      tokens.colno--;
      tokens.in_code = true;
      return { ...token, type: 'right-curly', value: '}' };
    }
    return token.type === 'string' ? stringToken(text, start, tokens, token) : token;
  };
  return tokens;
}

/** nunjucks tells no line with what its lexer finds wrong. */
function within(line: number, next: () => Token | null): Token | null {
  try {
    return next();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new SyntaxFault(
      message.startsWith('expected end of comment')
        ? 'A comment {# is not closed.'
        : `This cannot be read: ${message}.`,
      line,
    );
  }
}

function stringToken(text: string, start: number, tokens: Tokens, token: Token): Token {
  if (tokens.index > tokens.len) {
    throw new SyntaxFault('A string is not closed.', token.lineno + 1);
  }
  const inner = text.slice(start + 1, tokens.index - 1);
  const value = inner.replace(/\\([\s\S])/g, (whole, letter: string) => ESCAPES[letter] ?? whole);
  return { ...token, value };
}
