import { createHash } from 'node:crypto';
import type { Jinja } from '../../jinja/jinja.js';
import { type Dict, isFunction, TemplateObject } from '../../jinja/python/values.js';
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

const CALL = /^\s*(?:env_var|ref|var|source|doc)\s*\(.+\)\s*$/s;

/** The arguments of a test's macro, with the Jinja in them evaluated. */
export function testArguments(
  jinja: Jinja,
  path: string,
  call: {
    readonly arguments: Data;
    readonly columnName: string | undefined;
    readonly model: string;
    readonly where: unknown;
  },
  context: Dict,
): Dict {
  const value = (given: unknown): unknown => {
    if (typeof given === 'string') {
      const text = CALL.test(given) ? `{{ ${given} }}` : given;
      return /\{\{|\{%/.test(text) ? jinja.compile(path, text).evaluate(context) : given;
    }
    if (Array.isArray(given)) return given.map(value);
    if (!isMap(given)) return given;
    return Object.fromEntries(Object.entries(given).map(([key, item]) => [key, value(item)]));
  };
  const model = jinja.compile(path, `{{ ${call.model} }}`).evaluate(context);
  return {
    ...Object.fromEntries(Object.entries(call.arguments).map(([key, item]) => [key, value(item)])),
    model: filtered(model, call.where === undefined ? undefined : value(call.where)),
    ...(call.columnName === undefined ? {} : { column_name: call.columnName }),
  };
}

/** What the test reads, with its config `where` put upon it. */
function filtered(model: unknown, where: unknown): unknown {
  if (typeof where !== 'string' || where.trim() === '' || isFunction(model)) return model;
  const name = model instanceof TemplateObject ? model.toString() : String(model);
  return `(select * from ${name} where ${where}) as dbt_subquery`;
}
