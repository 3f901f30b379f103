import { BeltError } from '../errors.js';
import { calculate, formatPercent } from './python/arithmetic.js';
import { memberOf } from './python/members.js';
import { methodOf } from './python/methods.js';
import { floatOf, isFloat, isNumeric, roundEven, type WholeFloat } from './python/numbers.js';
import {
  type Dict,
  isDict,
  isEqual,
  isTrue,
  itemsOf,
  Missing,
  order,
  present,
  stringOf,
  tupleOf,
  valueOrMissing,
} from './python/values.js';
import { TESTS } from './tests.js';

/** A filter: its operand, and what stands in parentheses after its name. */
export type Filter = (value: unknown, positional: readonly unknown[], keywords: Dict) => unknown;

const NOWHERE = { file: '', line: 0 };

const method =
  (name: string): Filter =>
  (value, positional, keywords) =>
    methodOf(stringOf(value), name)?.(positional, keywords, NOWHERE);

const fallback: Filter = (value, [other = '', onFalse], { default_value, boolean }) => {
  const useFor = onFalse ?? boolean;
  const missing = value instanceof Missing || (useFor === true && !isTrue(value));
  return missing ? (default_value ?? other) : value;
};

function testOf(name: unknown, argument: unknown): (value: unknown) => boolean {
  if (name === undefined) return isTrue;
  const test = Object.hasOwn(TESTS, stringOf(name)) ? TESTS[stringOf(name)] : undefined;
  if (test !== undefined) return (value) => test(value, argument);
  throw new BeltError(`There is no test ${stringOf(name)}.`, {
    hint: `Tests are ${Object.keys(TESTS).join(', ')}.`,
  });
}

/** A member of each item, by a path such as `meta.owner`. */
function attribute(item: unknown, path: unknown): unknown {
  return stringOf(path)
    .split('.')
    .reduce((at: unknown, name) => memberOf(at, name), item);
}

const selecting =
  (wanted: boolean): Filter =>
  (value, [name, argument]) =>
    itemsOf(value).filter((item) => testOf(name, argument)(item) === wanted);

const selectingBy =
  (wanted: boolean): Filter =>
  (value, [path, name, argument]) =>
    itemsOf(value).filter((item) => testOf(name, argument)(attribute(item, path)) === wanted);

const sorted: Filter = (value, [reverse], keywords) => {
  const key = (item: unknown) => {
    const found = keywords.attribute === undefined ? item : attribute(item, keywords.attribute);
    return typeof found === 'string' && keywords.case_sensitive !== true
      ? found.toLowerCase()
      : found;
  };
  const items = itemsOf(value).sort((a, b) => order(key(a), key(b)));
  return isTrue(reverse ?? keywords.reverse) ? items.reverse() : items;
};

const mapped: Filter = (value, [name, ...rest], keywords) => {
  if (keywords.attribute !== undefined) {
    return itemsOf(value).map((item) => {
      const found = attribute(item, keywords.attribute);
      return found instanceof Missing && keywords.default !== undefined ? keywords.default : found;
    });
  }
  const filter = filterOf(stringOf(name));
  return itemsOf(value).map((item) => filter(item, rest, keywords));
};

function unique(value: unknown): unknown[] {
  return itemsOf(value).reduce<unknown[]>((kept, item) => {
    if (!kept.some((one) => isEqual(one, item))) kept.push(item);
    return kept;
  }, []);
}

const grouped: Filter = (value, [path]) => {
  const groups = new Map<string, { key: unknown; items: unknown[] }>();
  for (const item of itemsOf(value)) {
    const key = attribute(item, path);
    const group = groups.get(stringOf(key)) ?? { key, items: [] };
    group.items.push(item);
    groups.set(stringOf(key), group);
  }
  return [...groups.values()]
    .sort((a, b) => order(a.key, b.key))
    .map(({ key, items }) => tupleOf([key, items]));
};

const extreme =
  (sign: number): Filter =>
  (value, _, keywords) => {
    const key = (item: unknown) =>
      keywords.attribute === undefined ? item : attribute(item, keywords.attribute);
    const items = itemsOf(value);
    return items.length === 0
      ? new Missing('An item of an empty list')
      : items.reduce((best, item) => (order(key(item), key(best)) * sign > 0 ? item : best));
  };

function rounded(value: unknown, given: unknown, how: unknown): number | WholeFloat {
  const digits = typeof given === 'number' ? given : 0;
  const number = Number(value);
  if (how === 'ceil' || how === 'floor') {
    return floatOf(Math[how](number * 10 ** digits) / 10 ** digits);
  }
  return isFloat(value) ? floatOf(roundEven(number, digits)) : roundEven(number, digits);
}

function batches(value: unknown, size: unknown): unknown[][] {
  const items = itemsOf(value);
  const length = Math.max(1, Number(size));
  return Array.from({ length: Math.ceil(items.length / length) }, (_, index) =>
    items.slice(index * length, (index + 1) * length),
  );
}

function indented(value: unknown, width: unknown, first: unknown): string {
  const space = typeof width === 'string' ? width : ' '.repeat(Number(width ?? 4));
  return stringOf(value)
    .split('\n')
    .map((line, index) => (line === '' || (index === 0 && !isTrue(first)) ? line : space + line))
    .join('\n');
}

/** JSON with a blank after `:` and `,`, as Python writes it. */
export function toJson(value: unknown): string {
  present(value);
  if (Array.isArray(value)) return `[${value.map(toJson).join(', ')}]`;
  if (isDict(value)) {
    const entries = Object.entries(value);
    return `{${entries.map(([key, item]) => `${JSON.stringify(key)}: ${toJson(item)}`).join(', ')}}`;
  }
  if (isNumeric(value) && typeof value !== 'boolean') return stringOf(value);
  return typeof value === 'object' && value !== null
    ? JSON.stringify(stringOf(value))
    : JSON.stringify(value ?? null);
}

/** A number that a value tells; undefined where it tells none. */
function numberIn(value: unknown): number | undefined {
  const found = value === null || value === '' ? Number.NaN : Number(value);
  return Number.isNaN(found) ? undefined : found;
}

function asNative(value: unknown): unknown {
  const text = stringOf(value);
  if (/^true$/i.test(text)) return true;
  if (/^false$/i.test(text)) return false;
  return text.trim() !== '' && !Number.isNaN(Number(text)) ? Number(text) : value;
}

const same: Filter = (value) => value;
const lengthOf: Filter = (value) => itemsOf(value).length;
const integer: Filter = (value, [other = 0]) => {
  const found = numberIn(value);
  return found === undefined ? other : Math.trunc(found);
};
const float: Filter = (value, [other = floatOf(0)]) => {
  const found = numberIn(value);
  return found === undefined ? other : floatOf(found);
};

/** Jinja's filters, and those that dbt adds, by name. */
const FILTERS: Readonly<Record<string, Filter>> = {
  abs: (value) => (order(value, 0) < 0 ? calculate('*', value, -1) : value),
  as_bool: asNative,
  as_native: asNative,
  as_number: asNative,
  as_text: stringOf,
  attr: (value, [name]) => memberOf(value, stringOf(name)),
  batch: (value, [size]) => batches(value, size),
  capitalize: method('capitalize'),
  count: lengthOf,
  d: fallback,
  default: fallback,
  dictsort: (value) =>
    Object.entries(present(value) as Dict)
      .sort(([a], [b]) => order(a.toLowerCase(), b.toLowerCase()))
      .map(tupleOf),
  e: same,
  escape: same,
  first: (value) => valueOrMissing(itemsOf(value)[0], 'The first item of an empty list'),
  float,
  format: (value, positional) => formatPercent(stringOf(value), tupleOf(positional)),
  fromjson: (value) => JSON.parse(stringOf(value)) as unknown,
  groupby: (value, [path], keywords) => grouped(value, [path ?? keywords.attribute], keywords),
  indent: (value, [width, first], keywords) =>
    indented(value, width ?? keywords.width, first ?? keywords.first),
  int: integer,
  items: (value) => Object.entries(present(value) as Dict).map(tupleOf),
  join: (value, [separator = '', path], keywords) =>
    itemsOf(value)
      .map((item) => {
        const by = path ?? keywords.attribute;
        return stringOf(by === undefined ? item : attribute(item, by));
      })
      .join(stringOf(keywords.d ?? separator)),
  last: (value) => valueOrMissing(itemsOf(value).at(-1), 'The last item of an empty list'),
  length: lengthOf,
  list: itemsOf,
  lower: method('lower'),
  map: mapped,
  max: extreme(1),
  min: extreme(-1),
  reject: selecting(false),
  rejectattr: selectingBy(false),
  replace: method('replace'),
  reverse: (value) =>
    typeof value === 'string' ? [...value].reverse().join('') : itemsOf(value).reverse(),
  round: (value, [digits, how], keywords) =>
    rounded(value, digits ?? keywords.precision, how ?? keywords.method),
  safe: same,
  select: selecting(true),
  selectattr: selectingBy(true),
  sort: sorted,
  string: stringOf,
  sum: (value, _, keywords) =>
    itemsOf(value).reduce(
      (sum, item) =>
        calculate(
          '+',
          sum,
          keywords.attribute === undefined ? item : attribute(item, keywords.attribute),
        ),
      keywords.start ?? 0,
    ),
  title: method('title'),
  tojson: toJson,
  trim: method('strip'),
  unique,
  upper: method('upper'),
  wordcount: (value) => stringOf(value).split(/\s+/).filter(Boolean).length,
};

/** The filter of this name. Throws a BeltError if there is none. */
export function filterOf(name: string): Filter {
  const filter = Object.hasOwn(FILTERS, name) ? FILTERS[name] : undefined;
  if (filter !== undefined) return filter;
  throw new BeltError(`There is no filter ${name}.`, {
    hint: `Filters are ${Object.keys(FILTERS).join(', ')}.`,
  });
}
