import { createHash } from 'node:crypto';
import type { Data } from '../nodes.js';
import { isMap, mapOf, namesOf } from '../reading/yaml-file.js';

/** A data test of a model, seed, source or column, as YAML asks for it. */
export interface GenericTest {
  readonly name: string;
  /** What the test's macro is called with, besides model and column_name. */
  readonly arguments: Data;
  readonly config: Data;
  /** A name of its own in place of the made-up one. */
  readonly customName: string | undefined;
  readonly description: string;
}

const CONFIGS = [
  'alias',
  'database',
  'enabled',
  'error_if',
  'fail_calc',
  'group',
  'limit',
  'meta',
  'schema',
  'severity',
  'store_failures',
  'store_failures_as',
  'tags',
  'warn_if',
  'where',
];

/** Reads a test of YAML: a name, or a name with its arguments and configs. Undefined if neither. */
export function genericTest(entry: unknown): GenericTest | undefined {
  if (typeof entry === 'string') return genericTest({ [entry]: {} });
  if (!isMap(entry)) return undefined;
  const given = typeof entry.test_name === 'string' ? entry.test_name : undefined;
  const [name = '', own] =
    given === undefined
      ? (Object.entries(entry).find(([key]) => !OUTSIDE.includes(key)) ?? [])
      : [given, {}];
  if (name === '') return undefined;
  const { test_name: _, ...beside } = entry;
  const body = { ...(given === undefined ? without(entry, name) : beside), ...mapOf(own) };
  const config = {
    ...Object.fromEntries(CONFIGS.flatMap((key) => (key in body ? [[key, body[key]]] : []))),
    ...mapOf(body.config),
  };
  const rest = Object.fromEntries(
    Object.entries(body).filter(([key]) => !CONFIGS.includes(key) && !OUTSIDE.includes(key)),
  );
  return {
    name,
    arguments: { ...rest, ...mapOf(body.arguments) },
    config: {
      ...config,
      ...(namesOf(config.tags).length > 0 ? { tags: namesOf(config.tags) } : {}),
    },
    customName: typeof body.name === 'string' ? body.name : undefined,
    description: typeof body.description === 'string' ? body.description : '',
  };
}

const OUTSIDE = ['name', 'description', 'config', 'arguments', 'test_name'];

function without(entry: Data, name: string): Data {
  return Object.fromEntries(
    Object.entries(entry).filter(([key]) => key !== name && OUTSIDE.includes(key)),
  );
}

/** The name that dbt makes up for a test, and its short form where that is too long for a table. */
export function testName(
  test: GenericTest,
  target: string,
  columnName: string | undefined,
): { name: string; alias: string } {
  if (test.customName !== undefined) return { name: test.customName, alias: test.customName };
  const given: Data = {
    ...test.arguments,
    ...(columnName === undefined ? {} : { column_name: columnName }),
  };
  const parts = Object.keys(given)
    .sort()
    .flatMap((key) => flat(given[key]))
    .map((part) => part.replace(/[^0-9a-zA-Z_]+/g, '_'));
  const prefix = `${test.name.replaceAll('.', '_')}_${target}`;
  const name = `${prefix}_${parts.join('__')}`;
  if (name.length < 64) return { name, alias: name };
  return { name, alias: `${prefix.slice(0, 30)}_${md5(name)}` };
}

function flat(value: unknown): string[] {
  if (Array.isArray(value)) return value.map(String);
  return isMap(value) ? Object.values(value).map(String) : [String(value)];
}

export function md5(text: string): string {
  return createHash('md5').update(text).digest('hex');
}
