import type { Arguments, ArithmeticOperator, ComparisonOperator, Expression } from './ast.js';
import { SyntaxFault } from './lexer.js';
import { floatOf, type WholeFloat } from './python/numbers.js';
import type { TokenReader } from './token-reader.js';

/** Reads an expression. Throws a SyntaxFault. */
export function readExpression(reader: TokenReader): Expression {
  const body = readOr(reader);
  if (!reader.skipWord('if')) return body;
  const condition = readOr(reader);
  const otherwise = reader.skipWord('else') ? readExpression(reader) : undefined;
  return { kind: 'conditional', line: body.line, condition, body, otherwise };
}

/** Reads an expression, or several with commas between them: a tuple. */
export function readTuple(reader: TokenReader, read = readExpression): Expression {
  const first = read(reader);
  if (!reader.isAt('operator', ',')) return first;
  const items = [first];
  while (reader.skip(',')) {
    const ends = reader.isAt('block-end') || reader.isAt('variable-end');
    if (ends || reader.isAt('operator', ')')) break;
    items.push(read(reader));
  }
  return { kind: 'tuple', line: first.line, items };
}

/** Without a trailing `if`, which belongs to the loop: `for x in list if condition`. */
export function readLoopList(reader: TokenReader): Expression {
  return readTuple(reader, readOr);
}

function readOr(reader: TokenReader): Expression {
  let left = readAnd(reader);
  while (reader.skipWord('or')) {
    left = { kind: 'or', line: left.line, left, right: readAnd(reader) };
  }
  return left;
}

function readAnd(reader: TokenReader): Expression {
  let left = readNot(reader);
  while (reader.skipWord('and')) {
    left = { kind: 'and', line: left.line, left, right: readNot(reader) };
  }
  return left;
}

function readNot(reader: TokenReader): Expression {
  const line = reader.peek().line;
  if (reader.skipWord('not')) return { kind: 'not', line, operand: readNot(reader) };
  return readComparison(reader);
}

function readComparison(reader: TokenReader): Expression {
  const first = readSum(reader);
  const rest: { operator: ComparisonOperator; operand: Expression }[] = [];
  for (;;) {
    const operator = readComparisonOperator(reader);
    if (operator === undefined) break;
    rest.push({ operator, operand: readSum(reader) });
  }
  return rest.length === 0 ? first : { kind: 'comparison', line: first.line, first, rest };
}

const COMPARISONS = ['==', '!=', '<', '>', '<=', '>='] as const;

function readComparisonOperator(reader: TokenReader): ComparisonOperator | undefined {
  if (reader.skipWord('in')) return 'in';
  if (!reader.skipWord('not')) return COMPARISONS.find((candidate) => reader.skip(candidate));
  if (reader.skipWord('in')) return 'not in';
  throw reader.expected('"in" after "not"');
}

function readArithmetic(
  reader: TokenReader,
  operators: readonly ArithmeticOperator[],
  readOperand: (reader: TokenReader) => Expression,
): Expression {
  let left = readOperand(reader);
  for (;;) {
    const operator = operators.find((candidate) => reader.skip(candidate));
    if (operator === undefined) return left;
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
  const line = reader.peek().line;
  if (reader.skip('-')) {
    return { kind: 'negative', line, operand: readSigned(reader) };
  }
  if (reader.skip('+')) {
    return { kind: 'positive', line, operand: readSigned(reader) };
  }
  return readPostfix(reader, readPrimary(reader));
}

function readPrimary(reader: TokenReader): Expression {
  const { type, line } = reader.peek();
  switch (type) {
    case 'string': {
      let text = '';
      while (reader.isAt('string')) text += reader.next().value;
      return { kind: 'literal', line, value: text };
    }
    case 'number':
      return { kind: 'literal', line, value: readNumber(reader) };
    case 'name':
      return readName(reader);
    default:
      if (reader.skip('(')) return readParenthesis(reader, line);
      if (reader.skip('['))
        return { kind: 'list', line, items: readUntil(reader, ']', readExpression) };
      if (reader.skip('{'))
        return { kind: 'dict', line, entries: readUntil(reader, '}', readEntry) };
      throw reader.expected('a value');
  }
}

function readNumber(reader: TokenReader): number | WholeFloat {
  const { value, line } = reader.next();
  const number = Number(value.replaceAll('_', ''));
  if (/^[\d_]+[.eE]/.test(value)) return floatOf(number);
  if (Number.isSafeInteger(number)) return number;
  throw new SyntaxFault(`${value} is more than belt counts exactly; write it in quotes.`, line);
}

const RESERVED = ['and', 'or', 'not', 'in', 'is', 'if', 'else', 'for'];

const LITERALS: Readonly<Record<string, boolean | null>> = {
  true: true,
  True: true,
  false: false,
  False: false,
  none: null,
  None: null,
};

function readName(reader: TokenReader): Expression {
  if (reader.isAt('name', ...RESERVED)) throw reader.expected('a value');
  const { value: name, line } = reader.next();
  const value = Object.hasOwn(LITERALS, name) ? LITERALS[name] : undefined;
  if (value !== undefined) return { kind: 'literal', line, value };
  reader.mentioned.push(name);
  return { kind: 'name', line, name };
}

function readParenthesis(reader: TokenReader, line: number): Expression {
  if (reader.skip(')')) return { kind: 'tuple', line, items: [] };
  const inner = readTuple(reader);
  reader.takeOperator(')');
  return inner;
}

function readUntil<T>(reader: TokenReader, end: string, read: (reader: TokenReader) => T): T[] {
  const items: T[] = [];
  while (!reader.skip(end)) {
    items.push(read(reader));
    if (reader.skip(',')) continue;
    reader.takeOperator(end, 'a comma or the closing bracket');
    break;
  }
  return items;
}

function readEntry(reader: TokenReader): readonly [Expression, Expression] {
  const key = readExpression(reader);
  reader.takeOperator(':', '":" after the key');
  return [key, readExpression(reader)];
}

function readPostfix(reader: TokenReader, start: Expression): Expression {
  let target = start;
  for (;;) {
    const { line } = reader.peek();
    if (reader.isAt('operator', '(')) {
      target = { kind: 'call', line: target.line, callee: target, args: readArguments(reader) };
    } else if (reader.skip('[')) {
      target = readSubscript(reader, target, line);
    } else if (reader.skip('.')) {
      target = readMember(reader, target, line);
    } else {
      return target;
    }
  }
}

/** `.name`, or `.0` for `[0]`. */
function readMember(reader: TokenReader, target: Expression, line: number): Expression {
  if (reader.isAt('number')) {
    const key: Expression = { kind: 'literal', line, value: readNumber(reader) };
    return { kind: 'item', line, target, key };
  }
  const { value: name } = reader.take('name', 'a name after "."');
  return { kind: 'attribute', line, target, name };
}

function readSubscript(reader: TokenReader, target: Expression, line: number): Expression {
  const bounds: (Expression | undefined)[] = [];
  let part: Expression | undefined;
  while (!reader.skip(']')) {
    if (reader.skip(':')) {
      bounds.push(part);
      part = undefined;
    } else {
      if (part !== undefined) throw reader.expected('"]"');
      part = readExpression(reader);
    }
  }
  if (bounds.length > 0) return { kind: 'slice', line, target, bounds: [...bounds, part] };
  if (part === undefined) throw new SyntaxFault('Expected a key between "[" and "]".', line);
  return { kind: 'item', line, target, key: part };
}

/** Reads `(…)` after a name. */
export function readArguments(reader: TokenReader): Arguments {
  reader.takeOperator('(');
  const positional: { value: Expression; spread: boolean }[] = [];
  const keywords: { name: string | undefined; value: Expression }[] = [];
  readUntil(reader, ')', () => {
    if (reader.skip('**')) {
      keywords.push({ name: undefined, value: readExpression(reader) });
    } else if (reader.skip('*')) {
      positional.push({ value: readExpression(reader), spread: true });
    } else {
      const value = readExpression(reader);
      if (value.kind === 'name' && reader.skip('=')) {
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
    const line = reader.peek().line;
    if (reader.skip('|')) {
      operand = { kind: 'filter', line, operand, ...readFilter(reader) };
    } else if (reader.skipWord('is')) {
      operand = readTest(reader, operand, line);
    } else if (reader.isAt('operator', '(')) {
      operand = { kind: 'call', line, callee: operand, args: readArguments(reader) };
    } else {
      return operand;
    }
  }
}

/** Reads the name and arguments of a filter, after the `|`. */
export function readFilter(reader: TokenReader): { name: string; args: Arguments } {
  const { value: name } = reader.take('name', 'the name of a filter');
  const args = reader.isAt('operator', '(') ? readArguments(reader) : NO_ARGUMENTS;
  return { name, args };
}

function readTest(reader: TokenReader, operand: Expression, line: number): Expression {
  const negated = reader.skipWord('not');
  const { value: name } = reader.take('name', 'a test after "is"');
  const test: Expression = {
    kind: 'test',
    line,
    name: name.toLowerCase(),
    operand,
    args: readTestArguments(reader),
  };
  return negated ? { kind: 'not', line, operand: test } : test;
}

/** `divisibleby(3)`, or as Jinja also takes it, `divisibleby 3`. */
function readTestArguments(reader: TokenReader): Arguments {
  if (reader.isAt('operator', '(')) return readArguments(reader);
  const isValue =
    reader.isAt('string') ||
    reader.isAt('number') ||
    reader.isAt('operator', '[') ||
    (reader.isAt('name') && !reader.isAt('name', ...RESERVED));
  if (!isValue) return NO_ARGUMENTS;
  return { positional: [{ value: readSigned(reader), spread: false }], keywords: [] };
}
