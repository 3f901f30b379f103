import { didYouMean } from '../did-you-mean.js';
import { BeltError } from '../errors.js';
import type { Arguments, ComparisonOperator, Expression } from './ast.js';
import { calledFrom, located, locating } from './faults.js';
import { type Filter, filterOf } from './filters.js';
import type { Frame } from './frame.js';
import { calculate } from './python/arithmetic.js';
import { itemOf, memberOf, sliceOf } from './python/members.js';
import {
  contains,
  type Dict,
  dictOf,
  isDict,
  isEqual,
  isFunction,
  isTrue,
  itemsOf,
  Missing,
  order,
  present,
  tupleOf,
  typeOf,
  valueOrMissing,
} from './python/values.js';
import { TESTS } from './tests.js';

/** An expression made ready: gives its value in a scope. */
export type Evaluate = (frame: Frame) => unknown;

/** Makes an expression ready. Its faults tell the file and their line. */
export function prepareExpression(expression: Expression, file: string): Evaluate {
  const work = prepare(expression, file);
  if (expression.kind === 'literal') return work;
  const { line } = expression;
  return (frame) => {
    try {
      return work(frame);
    } catch (error) {
      throw located(error, file, line);
    }
  };
}

function prepare(expression: Expression, file: string): Evaluate {
  const ready = (inner: Expression) => prepareExpression(inner, file);
  switch (expression.kind) {
    case 'literal': {
      const { value } = expression;
      return () => value;
    }
    case 'name':
      return nameLookup(expression.name);
    case 'list':
    case 'tuple': {
      const items = expression.items.map(ready);
      const values = (frame: Frame) => items.map((item) => item(frame));
      return expression.kind === 'list' ? values : (frame) => tupleOf(values(frame));
    }
    case 'dict': {
      const entries = expression.entries.map(([key, value]) => [ready(key), ready(value)] as const);
      return (frame) => dictOf(entries.map(([key, value]) => [key(frame), value(frame)] as const));
    }
    case 'attribute': {
      const target = ready(expression.target);
      const what = describe(expression);
      return (frame) => memberOf(target(frame), expression.name, what);
    }
    case 'item': {
      const [target, key] = [ready(expression.target), ready(expression.key)];
      const what = describe(expression);
      return (frame) => itemOf(target(frame), key(frame), what);
    }
    case 'slice': {
      const target = ready(expression.target);
      const bounds = expression.bounds.map((bound) =>
        bound === undefined ? undefined : ready(bound),
      );
      return (frame) =>
        sliceOf(
          target(frame),
          bounds.map((bound) => bound?.(frame)),
        );
    }
    case 'call':
      return prepareCall(expression, file);
    case 'filter':
      return prepareFilter(expression, file);
    case 'test':
      return prepareTest(expression, file);
    case 'not': {
      const operand = ready(expression.operand);
      return (frame) => !isTrue(operand(frame));
    }
    case 'negative':
    case 'positive': {
      const operand = ready(expression.operand);
      const sign = expression.kind === 'negative' ? -1 : 1;
      return (frame) => calculate('*', operand(frame), sign);
    }
    case 'and':
    case 'or': {
      const [left, right] = [ready(expression.left), ready(expression.right)];
      const goesOn = expression.kind === 'and';
      return (frame) => {
        const value = left(frame);
        return isTrue(value) === goesOn ? right(frame) : value;
      };
    }
    case 'arithmetic': {
      const [left, right] = [ready(expression.left), ready(expression.right)];
      return (frame) => calculate(expression.operator, left(frame), right(frame));
    }
    case 'comparison':
      return prepareComparison(expression, file);
    case 'conditional': {
      const [condition, body] = [ready(expression.condition), ready(expression.body)];
      const otherwise = expression.otherwise === undefined ? () => '' : ready(expression.otherwise);
      return (frame) => (isTrue(condition(frame)) ? body(frame) : otherwise(frame));
    }
  }
}

/** What an expression is called in a message. */
function describe(expression: Expression): string {
  switch (expression.kind) {
    case 'name':
      return expression.name;
    case 'attribute':
      return `${describe(expression.target)}.${expression.name}`;
    case 'item':
      return expression.key.kind === 'literal'
        ? `${describe(expression.target)}[${JSON.stringify(expression.key.value)}]`
        : `An item of ${describe(expression.target)}`;
    case 'call':
      return `${describe(expression.callee)}()`;
    default:
      return 'This value';
  }
}

function nameLookup(name: string): Evaluate {
  return (frame) => {
    const value = frame.lookup(name);
    if (value !== undefined) return value;
    throw new BeltError(`${name} is not defined${didYouMean(name, frame.names())}.`, {
      hint: 'Correct the name, or set it before it is used; texts stand in quotes.',
    });
  };
}

/** Whether a filter or test of this name takes what is missing. */
function isLenient(name: string): boolean {
  return ['default', 'd', 'defined', 'undefined'].includes(name);
}

/** Of what `is defined` and `default` ask, a name that nothing has is no fault. */
function prepareLenient(expression: Expression, file: string): Evaluate {
  if (expression.kind === 'name') {
    const { name } = expression;
    return (frame) => valueOrMissing(frame.lookup(name), name);
  }
  if (expression.kind === 'attribute') {
    const target = prepareLenient(expression.target, file);
    const what = describe(expression);
    return (frame) => {
      const value = target(frame);
      return value instanceof Missing ? value : memberOf(value, expression.name, what);
    };
  }
  return prepareExpression(expression, file);
}

type PreparedArguments = (frame: Frame) => { positional: unknown[]; keywords: Dict };

function prepareArguments(args: Arguments, file: string): PreparedArguments {
  const positional = args.positional.map(({ value, spread }) => ({
    value: prepareExpression(value, file),
    spread,
  }));
  const keywords = args.keywords.map(({ name, value }) => ({
    name,
    value: prepareExpression(value, file),
  }));
  return (frame) => ({
    positional: positional.flatMap(({ value, spread }) =>
      spread ? itemsOf(value(frame)) : [value(frame)],
    ),
    keywords: dictOf(
      keywords.flatMap(({ name, value }) => {
        const found = value(frame);
        if (name !== undefined) return [[name, found] as const];
        if (isDict(found)) return Object.entries(found);
        throw new BeltError(`** stands before ${typeOf(found)}, not a dictionary.`, {
          hint: 'Write ** before a dictionary only.',
        });
      }),
    ),
  });
}

type Call = Extract<Expression, { kind: 'call' }>;

/** Makes a call ready; `extra` are keyword arguments that it is given besides its own. */
export function prepareCall(
  call: Call,
  file: string,
  extra: (frame: Frame) => Dict = () => ({}),
): Evaluate {
  const callee = prepareExpression(call.callee, file);
  const args = prepareArguments(call.args, file);
  const { line } = call;
  const what = describe(call.callee);
  return (frame) => {
    const called = callee(frame);
    if (called instanceof Missing) {
      throw new BeltError(`${called.what}() does not exist.`, {
        hint: 'Correct the name; belt has the functions of dbt that the README lists.',
      });
    }
    if (!isFunction(called)) {
      throw new BeltError(`${what} is ${typeOf(called)}, and cannot be called.`, {
        hint: 'Remove the parentheses, or correct the name.',
      });
    }
    const { positional, keywords } = args(frame);
    try {
      return called(positional, { ...keywords, ...extra(frame) }, { file, line }) ?? null;
    } catch (error) {
      throw calledFrom(located(error, file, line), file, line);
    }
  };
}

/** Makes a filter ready to be put on a value. */
export function prepareFilterArguments(
  name: string,
  args: Arguments,
  file: string,
  line: number,
): (frame: Frame, value: unknown) => unknown {
  const prepared = prepareArguments(args, file);
  let filter: Filter | undefined;
  return (frame, value) =>
    locating(file, line, () => {
      filter ??= filterOf(name);
      const { positional, keywords } = prepared(frame);
      return filter(isLenient(name) ? value : present(value), positional, keywords) ?? null;
    });
}

function prepareFilter(
  { name, operand, args, line }: Extract<Expression, { kind: 'filter' | 'test' }>,
  file: string,
): Evaluate {
  const value = isLenient(name) ? prepareLenient(operand, file) : prepareExpression(operand, file);
  const filter = prepareFilterArguments(name, args, file, line);
  return (frame) => filter(frame, value(frame));
}

function prepareTest(
  { name, operand, args }: Extract<Expression, { kind: 'filter' | 'test' }>,
  file: string,
): Evaluate {
  const value = isLenient(name) ? prepareLenient(operand, file) : prepareExpression(operand, file);
  const prepared = prepareArguments(args, file);
  const test = Object.hasOwn(TESTS, name) ? TESTS[name] : undefined;
  return (frame) => {
    if (test !== undefined) return test(value(frame), prepared(frame).positional[0]);
    throw new BeltError(`There is no test ${name} to follow "is".`, {
      hint: `Tests are ${Object.keys(TESTS).join(', ')}.`,
    });
  };
}

function prepareComparison(
  { first, rest }: Extract<Expression, { kind: 'comparison' }>,
  file: string,
): Evaluate {
  const start = prepareExpression(first, file);
  const others = rest.map(({ operator, operand }) => ({
    holds: COMPARISONS[operator],
    operand: prepareExpression(operand, file),
  }));
  return (frame) => {
    let left = start(frame);
    return others.every(({ holds, operand }) => {
      const right = operand(frame);
      const result = holds(left, right);
      left = right;
      return result;
    });
  };
}

type Comparison = (left: unknown, right: unknown) => boolean;

const ordered =
  (holds: (found: number) => boolean): Comparison =>
  (left, right) =>
    holds(order(present(left), present(right)));

const COMPARISONS: Readonly<Record<ComparisonOperator, Comparison>> = {
  '==': isEqual,
  '!=': (left, right) => !isEqual(left, right),
  in: (left, right) => contains(right, present(left)),
  'not in': (left, right) => !contains(right, present(left)),
  '<': ordered((found) => found < 0),
  '<=': ordered((found) => found <= 0),
  '>': ordered((found) => found > 0),
  '>=': ordered((found) => found >= 0),
};
