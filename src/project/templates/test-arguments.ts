import type { Jinja } from '../../jinja/jinja.js';
import { type Dict, isFunction, stringOf } from '../../jinja/python/values.js';
import type { Data } from '../nodes.js';
import { isMap } from '../reading/yaml-file.js';

const CALL = /^\s*(?:env_var|ref|var|source|doc)\s*\(.+\)\s*$/s;

/** The arguments of a test's macro, with the Jinja in them evaluated. */
export function testArguments(
  jinja: Jinja,
  path: string,
  call: {
    readonly arguments: Data;
    readonly columnName: string | undefined;
    /** What is tested: a table of a source, or what ref() names. */
    readonly node: { readonly name: string; readonly sourceName?: string };
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
  const { name, sourceName } = call.node;
  const tested = sourceName === undefined ? `ref('${name}')` : `source('${sourceName}', '${name}')`;
  const model = jinja.compile(path, `{{ ${tested} }}`).evaluate(context);
  return {
    ...Object.fromEntries(Object.entries(call.arguments).map(([key, item]) => [key, value(item)])),
    model: filtered(model, call.where === undefined ? undefined : value(call.where)),
    ...(call.columnName === undefined ? {} : { column_name: call.columnName }),
  };
}

/** What the test reads, with its config `where` put upon it. */
function filtered(model: unknown, where: unknown): unknown {
  if (typeof where !== 'string' || where.trim() === '' || isFunction(model)) return model;
  return `(select * from ${stringOf(model)} where ${where}) as dbt_subquery`;
}
