import type { Arguments, ArithmeticOperator, Expression } from './ast.js';
import type { Token } from './nunjucks-internals.js';
import { SyntaxFault } from './tokens.js';

/** What expressions are read from. */
export interface TokenReader {
  nextToken(): Token | null;
  peekToken(): Token | null;
  skip(type: string): boolean;
  skipValue(type: string, value: string): boolean;
  skipSymbol(value: string): boolean;
  /** Told each name that is mentioned. */
  mention(name: string): void;
}

/** Reads an expression with Jinja's precedence, where nunjucks' differs. Throws a SyntaxFault. */
export function readExpression(reader: TokenReader): Expression {
  const body = readOr(reader);
  if (!reader.skipSymbol('if')) return body;
  const condition = readOr(reader);
  const otherwise = reader.skipSymbol('else') ? readExpression(reader) : undefined;
  return { kind: 'conditional', line: body.line, condition, body, otherwise };
}

/** Reads an expression, or several with commas between them: a tuple. */
export function readTuple(reader: TokenReader, read = readExpression): Expression {
  const first = read(reader);
  if (peek(reader).type !== 'comma') return first;
  const items = [first];
  while (reader.skip('comma')) {
    if (['block-end', 'variable-end', 'right-paren'].includes(peek(reader).type)) break;
    items.push(read(reader));
  }
  return { kind: 'tuple', line: first.line, items };
}

/** Without a trailing `if`, which belongs to the loop: `for x in list if condition`. */
export function readLoopList(reader: TokenReader): Expression {
  return readTuple(reader, readOr);
}

/** The next token, without taking it. Throws a SyntaxFault at the end of the text. */
export function peek(reader: TokenReader): Token {
  const token = reader.peekToken();
  if (token === null) throw new SyntaxFault('The file ends inside a tag.', Number.NaN);
  return token;
}

/** Takes a token of a type. Throws a SyntaxFault that names what came instead. */
export function take(reader: TokenReader, type: string, what: string): Token {
  const token = peek(reader);
  if (token.type !== type) {
    throw new SyntaxFault(`Expected ${what}, but found ${described(token)}.`, token.lineno + 1);
  }
  reader.nextToken();
  return token;
}

function described(token: Token): string {
  if (token.type === 'block-end' || token.type === 'variable-end')
    return `the end of the tag, ${token.value}`;
  return JSON.stringify(String(token.value));
}

function readOr(reader: TokenReader): Expression {
  let left = readAnd(reader);
  while (reader.skipSymbol('or')) {
    left = { kind: 'or', line: left.line, left, right: readAnd(reader) };
  }
  return left;
}

function readAnd(reader: TokenReader): Expression {
  let left = readNot(reader);
  while (reader.skipSymbol('and')) {
    left = { kind: 'and', line: left.line, left, right: readNot(reader) };
  }
  return left;
}

function readNot(reader: TokenReader): Expression {
  const line = peek(reader).lineno + 1;
  if (reader.skipSymbol('not')) return { kind: 'not', line, operand: readNot(reader) };
  return readComparison(reader);
}

const COMPARISONS = ['==', '!=', '<', '>', '<=', '>='];

function readComparison(reader: TokenReader): Expression {
  const first = readSum(reader);
  const rest: { operator: string; operand: Expression }[] = [];
  for (;;) {
    const token = peek(reader);
    if (token.type === 'operator' && COMPARISONS.includes(token.value)) {
      reader.nextToken();
      rest.push({ operator: token.value, operand: readSum(reader) });
    } else if (reader.skipSymbol('in')) {
      rest.push({ operator: 'in', operand: readSum(reader) });
    } else if (reader.skipSymbol('not')) {
      if (!reader.skipSymbol('in')) {
        throw new SyntaxFault('Expected "in" after "not".', token.lineno + 1);
      }
      rest.push({ operator: 'not in', operand: readSum(reader) });
    } else {
      return rest.length === 0 ? first : { kind: 'comparison', line: first.line, first, rest };
    }
  }
}

function readArithmetic(
  reader: TokenReader,
  operators: readonly ArithmeticOperator[],
  readOperand: (reader: TokenReader) => Expression,
): Expression {
  let left = readOperand(reader);
  for (;;) {
    const token = peek(reader);
    const operator = operators.find((candidate) => candidate === token.value);
    if (operator === undefined || (token.type !== 'operator' && token.type !== 'tilde')) {
      return left;
    }
    reader.nextToken();
    left = { kind: 'arithmetic', line: left.line, operator, left, right: readOperand(reader) };
  }
}

function readSum(reader: TokenReader): Expression {
  return readArithmetic(reader, ['+', '-'], readConcatenation);
}

function readConcatenation(reader: TokenReader): Expression {
  return readArithmetic(reader, ['~'], readProduct);
}

function readProduct(reader: TokenReader): Expression {
  return readArithmetic(reader, ['*', '/', '//', '%'], readPower);
}

function readPower(reader: TokenReader): Expression {
  return readArithmetic(reader, ['**'], (operand) => readFilters(operand, readSigned(operand)));
}

function readSigned(reader: TokenReader): Expression {
  const line = peek(reader).lineno + 1;
  if (reader.skipValue('operator', '-')) {
    return { kind: 'negative', line, operand: readSigned(reader) };
  }
  if (reader.skipValue('operator', '+')) {
    return { kind: 'positive', line, operand: readSigned(reader) };
  }
  return readPostfix(reader, readPrimary(reader));
}

function readPrimary(reader: TokenReader): Expression {
  const token = peek(reader);
  const line = token.lineno + 1;
  reader.nextToken();
  switch (token.type) {
    case 'string': {
      let value = token.value;
      while (peek(reader).type === 'string') value += reader.nextToken()?.value ?? '';
      return { kind: 'literal', line, value };
    }
    case 'int':
    case 'float':
      return { kind: 'literal', line, value: Number(token.value) };
    case 'boolean':
      return { kind: 'literal', line, value: token.value === 'true' };
    case 'none':
      return { kind: 'literal', line, value: null };
    case 'symbol':
      return readName(reader, token.value, line);
    case 'left-paren':
      return readParenthesis(reader, line);
    case 'left-bracket':
      return { kind: 'list', line, items: readUntil(reader, 'right-bracket', readExpression) };
    case 'left-curly':
      return { kind: 'dict', line, entries: readUntil(reader, 'right-curly', readEntry) };
    default:
      throw new SyntaxFault(`Expected a value, but found ${described(token)}.`, line);
  }
}

const RESERVED = ['and', 'or', 'not', 'in', 'is', 'if', 'else', 'for'];

function readName(reader: TokenReader, name: string, line: number): Expression {
  if (name === 'True' || name === 'False') return { kind: 'literal', line, value: name === 'True' };
  if (name === 'None') return { kind: 'literal', line, value: null };
  if (RESERVED.includes(name)) {
    throw new SyntaxFault(`Expected a value, but found "${name}".`, line);
  }
  if (!/^[\p{L}_][\p{L}\p{N}_]*$/u.test(name)) {
    throw new SyntaxFault(`${JSON.stringify(name)} is not a name.`, line);
  }
  reader.mention(name);
  return { kind: 'name', line, name };
}

function readParenthesis(reader: TokenReader, line: number): Expression {
  if (reader.skip('right-paren')) return { kind: 'tuple', line, items: [] };
  const inner = readTuple(reader);
  take(reader, 'right-paren', '")"');
  return inner;
}

function readUntil<T>(reader: TokenReader, end: string, read: (reader: TokenReader) => T): T[] {
  const items: T[] = [];
  while (!reader.skip(end)) {
    items.push(read(reader));
    if (reader.skip('comma')) continue;
    take(reader, end, 'a comma or the closing bracket');
    break;
  }
  return items;
}

function readEntry(reader: TokenReader): readonly [Expression, Expression] {
  const key = readExpression(reader);
  take(reader, 'colon', '":" after the key');
  return [key, readExpression(reader)];
}

function readPostfix(reader: TokenReader, start: Expression): Expression {
  let target = start;
  for (;;) {
    const token = peek(reader);
    const line = token.lineno + 1;
    if (token.type === 'left-paren') {
      target = { kind: 'call', line: target.line, callee: target, args: readArguments(reader) };
    } else if (reader.skip('left-bracket')) {
      target = readSubscript(reader, target, line);
    } else if (reader.skipValue('operator', '.')) {
      const name = peek(reader);
      if (!['symbol', 'none', 'boolean', 'int'].includes(name.type)) {
        throw new SyntaxFault(`Expected a name after ".", but found ${described(name)}.`, line);
      }
      reader.nextToken();
      target =
        name.type === 'int'
          ? {
              kind: 'item',
              line,
              target,
              key: { kind: 'literal', line, value: Number(name.value) },
            }
          : { kind: 'attribute', line, target, name: name.value };
    } else {
      return target;
    }
  }
}

function readSubscript(reader: TokenReader, target: Expression, line: number): Expression {
  const bounds: (Expression | undefined)[] = [];
  let part: Expression | undefined;
  while (!reader.skip('right-bracket')) {
    if (reader.skip('colon')) {
      bounds.push(part);
      part = undefined;
    } else {
      if (part !== undefined) take(reader, 'right-bracket', '"]"');
      part = readExpression(reader);
    }
  }
  if (bounds.length > 0) return { kind: 'slice', line, target, bounds: [...bounds, part] };
  if (part === undefined) throw new SyntaxFault('Expected a key between "[" and "]".', line);
  return { kind: 'item', line, target, key: part };
}

/** Reads `(…)` after a name. */
export function readArguments(reader: TokenReader): Arguments {
  take(reader, 'left-paren', '"("');
  const positional: { value: Expression; spread: boolean }[] = [];
  const keywords: { name: string | undefined; value: Expression }[] = [];
  readUntil(reader, 'right-paren', () => {
    if (reader.skipValue('operator', '**')) {
      keywords.push({ name: undefined, value: readExpression(reader) });
    } else if (reader.skipValue('operator', '*')) {
      positional.push({ value: readExpression(reader), spread: true });
    } else {
      const value = readExpression(reader);
      if (value.kind === 'name' && reader.skipValue('operator', '=')) {
        keywords.push({ name: value.name, value: readExpression(reader) });
      } else {
        positional.push({ value, spread: false });
      }
    }
  });
  return { positional, keywords };
}

const NO_ARGUMENTS: Arguments = { positional: [], keywords: [] };

function readFilters(reader: TokenReader, start: Expression): Expression {
  let operand = start;
  for (;;) {
    const line = peek(reader).lineno + 1;
    if (reader.skip('pipe')) {
      operand = { kind: 'filter', line, operand, ...readFilter(reader) };
    } else if (reader.skipSymbol('is')) {
      operand = readTest(reader, operand, line);
    } else if (peek(reader).type === 'left-paren') {
      operand = { kind: 'call', line, callee: operand, args: readArguments(reader) };
    } else {
      return operand;
    }
  }
}

/** Reads the name and arguments of a filter, after the `|`. */
export function readFilter(reader: TokenReader): { name: string; args: Arguments } {
  const { value: name } = take(reader, 'symbol', 'the name of a filter');
  const args = peek(reader).type === 'left-paren' ? readArguments(reader) : NO_ARGUMENTS;
  return { name, args };
}

function readTest(reader: TokenReader, operand: Expression, line: number): Expression {
  const negated = reader.skipSymbol('not');
  const token = peek(reader);
  if (!['symbol', 'none', 'boolean'].includes(token.type)) {
    throw new SyntaxFault(`Expected a test after "is", but found ${described(token)}.`, line);
  }
  reader.nextToken();
  const test: Expression = {
    kind: 'test',
    line,
    name: token.value.toLowerCase(),
    operand,
    args: readTestArguments(reader),
  };
  return negated ? { kind: 'not', line, operand: test } : test;
}

/** `divisibleby(3)`, or as Jinja also takes it, `divisibleby 3`. */
function readTestArguments(reader: TokenReader): Arguments {
  const token = peek(reader);
  if (token.type === 'left-paren') return readArguments(reader);
  const isValue =
    ['string', 'int', 'float', 'left-bracket'].includes(token.type) ||
    (token.type === 'symbol' && !RESERVED.includes(token.value));
  if (!isValue) return NO_ARGUMENTS;
  return { positional: [{ value: readSigned(reader), spread: false }], keywords: [] };
}
