import { BeltError } from '../../errors.js';
import { isNumeric, numberText, WholeFloat } from './numbers.js';

/** A list that prints with parentheses. */
export class Tuple extends Array<unknown> {
  static override get [Symbol.species](): ArrayConstructor {
    return Array;
  }
}

/** A tuple of some values; `new Tuple(3)` would be three holes. */
export function tupleOf(items: readonly unknown[]): Tuple {
  const tuple = new Tuple();
  tuple.push(...items);
  return tuple;
}

/** What a name or member without a value gives: false in a condition, a fault if it is used. */
export class Missing {
  readonly what: string;

  constructor(what: string) {
    this.what = what;
  }
}

/** The value, None included; what is Missing under the name `what` if there is none. */
export function valueOrMissing(value: unknown, what: string): unknown {
  return value === undefined ? new Missing(what) : value;
}

/** What `namespace()` makes: its members can be set from within a loop. */
export class Namespace {
  readonly members: Map<string, unknown>;

  constructor(members: Readonly<Record<string, unknown>>) {
    this.members = new Map(Object.entries(members));
  }
}

/** A value with members of its own, which prints as text. */
export abstract class TemplateObject {
  /** The member of this name, or undefined. */
  abstract member(name: string): unknown;
  abstract toString(): string;

  /** What stands at a place or under a key, or undefined. */
  item(key: unknown): unknown {
    return this.member(stringOf(key));
  }

  /** What a loop goes through; undefined where it can't be gone through. */
  items(): readonly unknown[] | undefined {
    return undefined;
  }
}

/** Where in the project's files a function is called; the line counts from 1. */
export interface Place {
  readonly file: string;
  readonly line: number;
}

/** A function that templates can call. */
export type TemplateFunction = (
  positional: readonly unknown[],
  keywords: Readonly<Record<string, unknown>>,
  place: Place,
) => unknown;

export type Dict = Record<string, unknown>;

export function isDict(value: unknown): value is Dict {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Missing) &&
    !(value instanceof WholeFloat) &&
    !(value instanceof Namespace) &&
    !(value instanceof TemplateObject)
  );
}

/** A dictionary, also of keys such as `__proto__`, which assignment would not keep. */
export function dictOf(entries: Iterable<readonly [unknown, unknown]>): Dict {
  return Object.fromEntries([...entries].map(([key, value]) => [stringOf(key), value]));
}

export function isFunction(value: unknown): value is TemplateFunction {
  return typeof value === 'function';
}

/** Whether a condition holds: empty lists, dictionaries and texts, 0 and None do not. */
export function isTrue(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (value instanceof Missing) return false;
  if (value instanceof WholeFloat) return Number(value) !== 0;
  if (isDict(value)) return Object.keys(value).length > 0;
  return Boolean(value);
}

/** Throws if a value is missing. */
export function present<T>(value: T): T {
  if (!(value instanceof Missing)) return value;
  throw new BeltError(`${value.what} is not defined.`, {
    hint: 'Correct the name, or give it a value before it is used.',
  });
}

/** A value as `{{ }}` prints it. Throws if there is none. */
export function stringOf(value: unknown): string {
  if (typeof value === 'string') return value;
  return representationOf(value);
}

/** A value as Python writes it: texts in quotes. */
export function representationOf(value: unknown): string {
  present(value);
  if (value === null || value === undefined) return 'None';
  if (typeof value === 'string') return quoted(value);
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'number') return numberText(value);
  if (value instanceof Tuple) {
    return `(${value.map(representationOf).join(', ')}${value.length === 1 ? ',' : ''})`;
  }
  if (Array.isArray(value)) return `[${value.map(representationOf).join(', ')}]`;
  if (isFunction(value)) return '<function>';
  if (isDict(value)) {
    const entries = Object.entries(value);
    return `{${entries.map(([key, item]) => `${quoted(key)}: ${representationOf(item)}`).join(', ')}}`;
  }
  return String(value);
}

function quoted(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const escaped = text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\t', '\\t');
  return `${quote}${quote === "'" ? escaped.replaceAll("'", "\\'") : escaped}${quote}`;
}

/** What Python calls the type of a value, for messages. */
export function typeOf(value: unknown): string {
  if (value === null || value === undefined) return 'None';
  if (typeof value === 'string') return 'a text';
  if (typeof value === 'boolean') return 'a boolean';
  if (isNumeric(value)) return 'a number';
  if (value instanceof Tuple) return 'a tuple';
  if (Array.isArray(value)) return 'a list';
  if (isFunction(value)) return 'a function';
  if (value instanceof Missing) return 'not defined';
  return isDict(value) ? 'a dictionary' : 'an object';
}

/** The items that a loop goes through: of a list, the keys of a dictionary, letters of a text. */
export function itemsOf(value: unknown): unknown[] {
  present(value);
  if (Array.isArray(value)) return [...value];
  if (typeof value === 'string') return [...value];
  if (isDict(value)) return Object.keys(value);
  const items = value instanceof TemplateObject ? value.items() : undefined;
  if (items !== undefined) return [...items];
  throw new BeltError(`This is ${typeOf(value)}, not a list, and cannot be gone through.`, {
    hint: 'Give it a list, a dictionary or a text.',
  });
}

export function isEqual(a: unknown, b: unknown): boolean {
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((item, index) => isEqual(item, b[index]));
  }
  if (isDict(a) && isDict(b)) {
    const keys = Object.keys(a);
    return (
      keys.length === Object.keys(b).length &&
      keys.every((key) => Object.hasOwn(b, key) && isEqual(a[key], b[key]))
    );
  }
  if (a instanceof TemplateObject || b instanceof TemplateObject) {
    return a === b || (isText(a) && isText(b) && String(a) === String(b));
  }
  if (isNumeric(a) && isNumeric(b)) return Number(a) === Number(b);
  return (a ?? null) === (b ?? null);
}

function isText(value: unknown): boolean {
  return typeof value === 'string' || value instanceof TemplateObject;
}

/** Less than 0 if `a` comes before `b`. Throws for values that Python does not order. */
export function order(a: unknown, b: unknown): number {
  if (typeof a === 'string' && typeof b === 'string') return a < b ? -1 : a > b ? 1 : 0;
  if (isNumeric(a) && isNumeric(b)) return Number(a) - Number(b);
  if (Array.isArray(a) && Array.isArray(b)) {
    for (let index = 0; index < Math.min(a.length, b.length); index++) {
      const found = order(a[index], b[index]);
      if (found !== 0) return found;
    }
    return a.length - b.length;
  }
  throw new BeltError(`${capital(typeOf(a))} and ${typeOf(b)} cannot be compared.`, {
    hint: 'Make them of one type first, for example with | int or | string.',
  });
}

/** Whether `list` holds `value`: an item, a key of a dictionary, or a part of a text. */
export function contains(list: unknown, value: unknown): boolean {
  if (typeof list === 'string') return list.includes(stringOf(value));
  if (isDict(list)) return typeof value === 'string' && Object.hasOwn(list, value);
  return itemsOf(list).some((item) => isEqual(item, value));
}

export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
