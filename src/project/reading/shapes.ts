import { didYouMean, misspelt } from '../../did-you-mean.js';
import { isMap, type Path } from './yaml-file.js';

/** Takes what is wrong with a value, and what belt does not act upon. */
export interface Report {
  fault(path: Path, message: string, hint: string): void;
  warning(path: Path, message: string, hint: string): void;
  /** A config that belt does not know; `near` is the known one that it looks like. */
  unknownConfig(path: Path, near: string | undefined): void;
}

/** What a value of YAML or config() may be: a T, null, or absent, once check() tells no fault. */
export interface Shape<T> {
  readonly wanted: string;
  readonly hint: string;
  fits(value: unknown): boolean;
  /** Checks what is inside of a value that fits. */
  within(value: never, path: Path, report: Report): void;
  /** Only for the type: no shape has it. */
  readonly type?: T | undefined;
}

export type ValueOf<S> = S extends Shape<infer T> ? T : never;

type Keys = Readonly<Record<string, Shape<unknown>>>;
export type ValuesOf<K> = { readonly [P in keyof K]?: ValueOf<K[P]> | null };

/** A dictionary whose keys are known. */
export interface DictionaryShape<K extends Keys = Keys> extends Shape<ValuesOf<K>> {
  readonly keys: K;
}

/** The same for each of some keys. */
export function each<T, K extends string>(value: T, ...keys: readonly K[]): Readonly<Record<K, T>> {
  return Object.fromEntries(keys.map((key) => [key, value])) as Record<K, T>;
}

/** Tells what is wrong with a value, with all that is inside of it. */
export function check(shape: Shape<unknown>, value: unknown, path: Path, report: Report): void {
  if (value === undefined || value === null) return;
  if (shape.fits(value)) shape.within(value as never, path, report);
  else {
    report.fault(
      path,
      `${subjectOf(path)} must be ${shape.wanted}, not ${kindOf(value)}.`,
      shape.hint,
    );
  }
}

/** A value of users, once it is checked: undefined where it has a fault, which is told then. */
export function readAs<T>(
  shape: Shape<T>,
  value: unknown,
  path: Path,
  report: Report,
): T | undefined {
  let wrong = false;
  check(shape, value ?? {}, path, {
    ...report,
    fault: (...told) => {
      wrong = true;
      report.fault(...told);
    },
  });
  return wrong ? undefined : ((value ?? {}) as T);
}

/** What may be written as one value or as a list of them, as a list. */
export function listOf<T>(value: T | readonly T[] | null | undefined): readonly T[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? (value as readonly T[]) : [value as T];
}

function shape<T>(
  wanted: string,
  hint: string,
  fits: (value: unknown) => boolean,
  within: Shape<T>['within'] = () => undefined,
): Shape<T> {
  return { wanted, hint, fits, within };
}

const isText = (value: unknown): value is string => typeof value === 'string';

export const anything = shape<unknown>('anything', '', () => true);
export const text = shape<string>('a text', 'Put it in quotes if it is meant as a text.', isText);
export const flag = shape<boolean>(
  'true or false',
  'Write true or false, without quotes.',
  (value) => typeof value === 'boolean',
);
export const wholeNumber = shape<number>('a whole number', 'Write digits.', Number.isInteger);

/** A number in quotes, as env_var() gives it. */
export const digits = shape<string>(
  'digits',
  'Write digits.',
  (value) => isText(value) && /^\d+$/.test(value),
);

/** One of some words. */
export function choice<T extends string>(...words: readonly T[]): Shape<T> {
  const wanted = `one of ${words.join(', ')}`;
  return shape<T>(wanted, '', isText, (value: string, path, report) => {
    if (words.some((word) => word === value)) return;
    const told = `${subjectOf(path)} is ${value}, which belt does not know`;
    report.fault(path, `${told}${didYouMean(value, words)}.`, `It is ${wanted}.`);
  });
}

export function list<T>(of: Shape<T>): Shape<readonly T[]> {
  const hint = 'Write a list: [a, b], or lines that begin with a dash.';
  return shape('a list', hint, Array.isArray, (value: readonly unknown[], path, report) => {
    for (const [index, item] of value.entries()) check(of, item, [...path, index], report);
  });
}

/** A value of one of two kinds. */
export function either<A, B>(one: Shape<A>, other: Shape<B>): Shape<A | B> {
  return shape(
    `${one.wanted} or ${other.wanted}`,
    other.hint,
    (value) => one.fits(value) || other.fits(value),
    (value: unknown, path, report) => check(one.fits(value) ? one : other, value, path, report),
  );
}

/** A text, or a list of texts. */
export const texts = either(text, list(text));

function dictionaryOf<T>(
  hint: string,
  checkKey: (key: string, value: unknown, path: Path, report: Report) => void,
): Shape<T> {
  return shape('a dictionary', hint, isMap, (value: object, path, report) => {
    for (const [key, item] of Object.entries(value)) checkKey(key, item, [...path, key], report);
  });
}

/** A dictionary with keys of the user's own. */
export function mapOf<T>(of: Shape<T>): Shape<Readonly<Record<string, T>>> {
  return dictionaryOf('Write key: value on a line of its own.', (_, value, path, report) =>
    check(of, value, path, report),
  );
}

export const data = mapOf(anything);

/** A dictionary that has no keys but these, and has those that are `required`. */
export function dictionary<K extends Keys>(
  what: string,
  keys: K,
  required: readonly (keyof K & string)[] = [],
): DictionaryShape<K> {
  const known = Object.keys(keys);
  const hint = `Its keys are ${known.join(', ')}.`;
  const checkKey = (key: string, value: unknown, path: Path, report: Report) => {
    const of = ownOf(keys, key);
    if (of !== undefined) check(of, value, path, report);
    else report.fault(path, `${what} has no key ${key}${didYouMean(key, known)}.`, hint);
  };
  const checkKeys = dictionaryOf<ValuesOf<K>>(hint, checkKey);
  return {
    ...checkKeys,
    keys,
    within: (value: object, path, report) => {
      checkKeys.within(value as never, path, report);
      // one that is misspelt is told already
      if (Object.keys(value).some((key) => ownOf(keys, key) === undefined)) return;
      for (const key of required) {
        if ((value as Record<string, unknown>)[key] != null) continue;
        report.fault(path, `${what} has no ${key}.`, hint);
      }
    },
  };
}

/** Configs: those of belt and dbt, with others beside them that macros and tools may read. */
export function configs<K extends Keys>(keys: K): DictionaryShape<K> {
  const checkKey = (key: string, value: unknown, path: Path, report: Report) =>
    checkConfig({ keys }, key, value, path, report);
  return { ...dictionaryOf<ValuesOf<K>>(data.hint, checkKey), keys };
}

/** Tells what is wrong with one config, whose key may begin with the + of dbt_project.yml. */
export function checkConfig(
  { keys }: Pick<DictionaryShape, 'keys'>,
  key: string,
  value: unknown,
  path: Path,
  report: Report,
): void {
  const of = configOf(keys, key);
  if (of !== undefined) check(of, value, path, report);
  else report.unknownConfig(path, misspelt(key.replace(/^\+/, ''), Object.keys(keys)));
}

/** dbt writes some configs with a dash in YAML, and with an underscore in config(). */
function configOf(keys: Keys, key: string): Shape<unknown> | undefined {
  return ownOf(keys, key.replace(/^\+/, '').replaceAll('-', '_'));
}

function ownOf(keys: Keys, key: string): Shape<unknown> | undefined {
  return Object.hasOwn(keys, key) ? keys[key] : undefined;
}

/** Whether a config may, or must, be a dictionary. */
export function takesDictionary({ keys }: DictionaryShape, key: string): boolean {
  const of = configOf(keys, key);
  return of !== undefined && of.wanted !== anything.wanted && of.fits({});
}

/** What dbt knows and belt does not act upon, though what it writes is the same without it. */
export function ignored(why: string): Shape<never> {
  return shape(anything.wanted, '', anything.fits, (_, path, report) =>
    report.warning(
      path,
      `belt does nothing with ${subjectOf(path)}: ${why}.`,
      'Remove it, or leave it to dbt.',
    ),
  );
}

/** What belt would do otherwise than it says. */
export function refused(why: string, hint: string): Shape<never> {
  return shape(anything.wanted, hint, anything.fits, (_, path, report) =>
    report.fault(path, `${subjectOf(path)} is not supported by belt: ${why}.`, hint),
  );
}

/** What has one value in belt: others are told. */
export function fixed<T>(of: Shape<T>, only: T, why: string): Shape<T> {
  return shape(of.wanted, of.hint, of.fits, (value: unknown, path, report) => {
    if (value !== only) check(ignored(why), value, path, report);
  });
}

/** What a message calls the value at a place: its key, or an entry of a list. */
function subjectOf(path: Path): string {
  const last = path.at(-1);
  if (typeof last === 'string') return last.replace(/^\+/, '');
  return `An entry of ${path.findLast((key) => typeof key === 'string') ?? 'the list'}`;
}

/** Never the value itself: it may be a secret. */
function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (isMap(value)) return 'a dictionary';
  return { string: 'a text', boolean: 'true or false' }[typeof value as string] ?? 'a number';
}
