import { BeltError } from '../../errors.js';
import type { ArithmeticOperator } from '../ast.js';
import { floatOf, isFloat, isNumeric } from './numbers.js';
import { capital, present, representationOf, stringOf, Tuple, tupleOf, typeOf } from './values.js';

/** `left operator right` as Python works it out. Throws a BeltError for what it cannot. */
export function calculate(operator: ArithmeticOperator, left: unknown, right: unknown): unknown {
  present(left);
  present(right);
  if (operator === '~') return stringOf(left) + stringOf(right);
  if (isNumeric(left) && isNumeric(right)) {
    if (Number(right) !== 0 || !['/', '//', '%'].includes(operator)) {
      const result = NUMBERS[operator](Number(left), Number(right));
      const makesFloat = operator === '/' || (operator === '**' && Number(right) < 0);
      return makesFloat || isFloat(left) || isFloat(right) ? floatOf(result) : result;
    }
    throw new BeltError('This divides by zero.', { hint: 'Test the divisor with {% if %} first.' });
  }
  if (operator === '+') {
    if (typeof left === 'string' && typeof right === 'string') return left + right;
    if (Array.isArray(left) && Array.isArray(right)) {
      const joined = [...left, ...right];
      return left instanceof Tuple ? tupleOf(joined) : joined;
    }
  }
  if (operator === '%' && typeof left === 'string') return formatPercent(left, right);
  if (operator === '*') {
    const [sequence, times] = typeof left === 'number' ? [right, left] : [left, right];
    if (typeof times === 'number' && typeof sequence === 'string') {
      return sequence.repeat(Math.max(0, times));
    }
    if (typeof times === 'number' && Array.isArray(sequence)) {
      return Array.from({ length: Math.max(0, times) }, () => sequence).flat();
    }
  }
  throw new BeltError(
    `${capital(typeOf(left))} and ${typeOf(right)} cannot be joined by ${operator}.`,
    { hint: 'Texts are joined with ~, which takes values of any type.' },
  );
}

const NUMBERS: Readonly<
  Record<Exclude<ArithmeticOperator, '~'>, (left: number, right: number) => number>
> = {
  '+': (left, right) => left + right,
  '-': (left, right) => left - right,
  '*': (left, right) => left * right,
  '/': (left, right) => left / right,
  '//': (left, right) => Math.floor(left / right),
  '%': (left, right) => left - right * Math.floor(left / right),
  '**': (left, right) => left ** right,
};

/** `'%s of %d' % (a, b)`, also with names: `'%(a)s' % {'a': 1}`. */
export function formatPercent(text: string, values: unknown): string {
  const list = values instanceof Tuple ? [...values] : [values];
  let next = 0;
  const pattern = /%(?:\((\w+)\))?([-0+ ]*)(\d+)?(?:\.(\d+))?([sdifrx%])/g;
  return text.replace(pattern, (_whole, name, flags, width, digits, type) => {
    if (type === '%') return '%';
    const value =
      name === undefined ? list[next++] : (values as Record<string, unknown> | undefined)?.[name];
    if (value === undefined) {
      throw new BeltError(`There are fewer values than ${JSON.stringify(text)} has places.`, {
        hint: 'Give one value for each %s, several as a tuple: (a, b).',
      });
    }
    return padded(formatted(value, type, digits), flags, width);
  });
}

function formatted(value: unknown, type: string, digits: string | undefined): string {
  if (type === 'd' || type === 'i') return String(Math.trunc(Number(value)));
  if (type === 'f') return Number(value).toFixed(digits === undefined ? 6 : Number(digits));
  if (type === 'x') return Number(value).toString(16);
  return type === 'r' ? representationOf(value) : stringOf(value);
}

function padded(text: string, flags: string, width: string | undefined): string {
  if (width === undefined) return text;
  if (flags.includes('-')) return text.padEnd(Number(width));
  return text.padStart(Number(width), flags.includes('0') ? '0' : ' ');
}
