import { BeltError } from '../../errors.js';
import {
  capital,
  type Dict,
  dictOf,
  isDict,
  isEqual,
  itemsOf,
  order,
  stringOf,
  type TemplateFunction,
  tupleOf,
} from './values.js';

type Methods<T> = Readonly<
  Record<string, (self: T, positional: readonly unknown[], keywords: Dict) => unknown>
>;

const text = (value: unknown, fallback = '') => (value === undefined ? fallback : stringOf(value));

function trimmed(self: string, letters: unknown, start: boolean, end: boolean): string {
  const drop = letters === undefined || letters === null ? undefined : stringOf(letters);
  const dropped = (letter: string) =>
    drop === undefined ? /\s/.test(letter) : drop.includes(letter);
  let from = 0;
  let to = self.length;
  if (start) while (from < to && dropped(self.charAt(from))) from++;
  if (end) while (to > from && dropped(self.charAt(to - 1))) to--;
  return self.slice(from, to);
}

function split(self: string, separator: unknown, limit: unknown): string[] {
  const parts =
    separator === undefined || separator === null
      ? self.trim().split(/\s+/).filter(Boolean)
      : self.split(stringOf(separator));
  const most = typeof limit === 'number' && limit >= 0 ? limit : parts.length;
  if (parts.length <= most + 1) return parts;
  return [...parts.slice(0, most), parts.slice(most).join(text(separator, ' '))];
}

function anyOf(prefixes: unknown, test: (prefix: string) => boolean): boolean {
  return Array.isArray(prefixes) ? prefixes.map(stringOf).some(test) : test(stringOf(prefixes));
}

/** `'{} of {name}'.format(1, name=2)`. */
function formatBraces(self: string, positional: readonly unknown[], keywords: Dict): string {
  let next = 0;
  return self.replace(/\{\{|\}\}|\{(\w*)\}/g, (whole, name: string | undefined) => {
    if (name === undefined) return whole.charAt(0);
    const value = /^\d*$/.test(name)
      ? positional[name === '' ? next++ : Number(name)]
      : keywords[name];
    if (value !== undefined) return stringOf(value);
    throw new BeltError(`format() has no value for ${whole}.`, {
      hint: `Give one value for each place of ${JSON.stringify(self)}.`,
    });
  });
}

const TEXT_METHODS: Methods<string> = {
  upper: (self) => self.toUpperCase(),
  lower: (self) => self.toLowerCase(),
  strip: (self, [letters]) => trimmed(self, letters, true, true),
  lstrip: (self, [letters]) => trimmed(self, letters, true, false),
  rstrip: (self, [letters]) => trimmed(self, letters, false, true),
  title: (self) => self.replace(/\p{L}+/gu, (word) => capital(word.toLowerCase())),
  capitalize: (self) => capital(self.toLowerCase()),
  startswith: (self, [prefix]) => anyOf(prefix, (one) => self.startsWith(one)),
  endswith: (self, [suffix]) => anyOf(suffix, (one) => self.endsWith(one)),
  replace: (self, [from, to]) => self.replaceAll(text(from), () => text(to)),
  split: (self, [separator, limit], { sep, maxsplit }) =>
    split(self, separator ?? sep, limit ?? maxsplit),
  splitlines: (self) => self.replace(/\r?\n$/, '').split(/\r?\n/),
  join: (self, [list]) => itemsOf(list).map(stringOf).join(self),
  format: formatBraces,
  find: (self, [part]) => self.indexOf(text(part)),
  count: (self, [part]) => self.split(text(part)).length - 1,
  index: (self, [part]) => self.indexOf(text(part)),
  isdigit: (self) => /^\d+$/.test(self),
  isalpha: (self) => /^\p{L}+$/u.test(self),
  isalnum: (self) => /^[\p{L}\p{N}]+$/u.test(self),
  isupper: (self) => self === self.toUpperCase() && self !== self.toLowerCase(),
  islower: (self) => self === self.toLowerCase() && self !== self.toUpperCase(),
  zfill: (self, [width]) => self.padStart(Number(width), '0'),
  ljust: (self, [width]) => self.padEnd(Number(width)),
  rjust: (self, [width]) => self.padStart(Number(width)),
  removeprefix: (self, [prefix]) =>
    self.startsWith(text(prefix)) ? self.slice(text(prefix).length) : self,
  removesuffix: (self, [suffix]) =>
    self.endsWith(text(suffix)) ? self.slice(0, self.length - text(suffix).length) : self,
};

function indexIn(self: unknown[], item: unknown): number {
  const at = self.findIndex((candidate) => isEqual(candidate, item));
  if (at >= 0) return at;
  throw new BeltError(`The list does not hold ${stringOf(item)}.`, {
    hint: 'Test it with "in" first.',
  });
}

const LIST_METHODS: Methods<unknown[]> = {
  append: (self, [item]) => {
    self.push(item);
    return null;
  },
  extend: (self, [items]) => {
    self.push(...itemsOf(items));
    return null;
  },
  insert: (self, [at, item]) => {
    self.splice(Number(at), 0, item);
    return null;
  },
  remove: (self, [item]) => {
    self.splice(indexIn(self, item), 1);
    return null;
  },
  pop: (self, [at]) => self.splice(at === undefined ? -1 : Number(at), 1)[0] ?? null,
  clear: (self) => {
    self.length = 0;
    return null;
  },
  reverse: (self) => {
    self.reverse();
    return null;
  },
  sort: (self, _, { reverse }) => {
    self.sort(order);
    if (reverse === true) self.reverse();
    return null;
  },
  index: (self, [item]) => indexIn(self, item),
  count: (self, [item]) => self.filter((candidate) => isEqual(candidate, item)).length,
  copy: (self) => [...self],
};

const DICT_METHODS: Methods<Dict> = {
  items: (self) => Object.entries(self).map(tupleOf),
  keys: (self) => Object.keys(self),
  values: (self) => Object.values(self),
  get: (self, [key, fallback = null], keywords) => {
    const name = stringOf(key);
    return Object.hasOwn(self, name) ? self[name] : (keywords.default ?? fallback);
  },
  update: (self, [other], keywords) => {
    const added = { ...(isDict(other) ? other : dictOf(pairsOf(other))), ...keywords };
    for (const [key, value] of Object.entries(added)) setKey(self, key, value);
    return null;
  },
  setdefault: (self, [key, fallback = null]) => {
    const name = stringOf(key);
    if (!Object.hasOwn(self, name)) setKey(self, name, fallback);
    return self[name];
  },
  pop: (self, [key, fallback]) => {
    const name = stringOf(key);
    const value = Object.hasOwn(self, name) ? self[name] : fallback;
    delete self[name];
    if (value !== undefined) return value;
    throw new BeltError(`The dictionary has no key ${name}.`, { hint: 'Give pop() a default.' });
  },
  copy: (self) => ({ ...self }),
};

function pairsOf(value: unknown): [unknown, unknown][] {
  if (value === undefined) return [];
  return itemsOf(value).map((pair) => {
    const [key, item] = itemsOf(pair);
    return [key, item];
  });
}

function setKey(dict: Dict, key: string, value: unknown): void {
  Object.defineProperty(dict, key, {
    value,
    writable: true,
    enumerable: true,
    configurable: true,
  });
}

/** Python's method of a text, list or dictionary; undefined if there is none of this name. */
export function methodOf(self: unknown, name: string): TemplateFunction | undefined {
  if (typeof self === 'string') return bound(TEXT_METHODS, self, name);
  if (Array.isArray(self)) return bound(LIST_METHODS, self, name);
  return isDict(self) ? bound(DICT_METHODS, self, name) : undefined;
}

function bound<T>(methods: Methods<T>, self: T, name: string): TemplateFunction | undefined {
  const method = Object.hasOwn(methods, name) ? methods[name] : undefined;
  return method === undefined
    ? undefined
    : (positional, keywords) => method(self, positional, keywords);
}
