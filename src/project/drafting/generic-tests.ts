import { createHash } from 'node:crypto';
import { BeltError } from '../../errors.js';
import { TEST_CONFIGS } from '../config-keys.js';
import type { Data } from '../nodes.js';
import { data, dictionary, type Report, readAs, text } from '../reading/shapes.js';
import { isMap, type RenderYaml } from '../reading/yaml-file.js';

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

const BODY = dictionary('A data test', {
  name: text,
  description: text,
  arguments: data,
  config: TEST_CONFIGS,
  // dbt also takes them beside config:
  ...TEST_CONFIGS.keys,
});

/**
 * Reads a test of YAML: a name, or a name with its arguments and configs, of which the configs are
 * rendered. Undefined where it has a fault, which is told to `report`; or throws a BeltError.
 */
export function genericTest(
  entry: string | Data,
  place: { readonly file: string; readonly line: number },
  render: RenderYaml,
  report: Report,
): GenericTest | undefined {
  if (typeof entry === 'string') return genericTest({ [entry]: {} }, place, render, report);
  const { test_name: given, ...beside } = entry;
  const [only, ...others] = Object.entries(beside);
  const [name, body] = typeof given === 'string' ? [given, beside] : (only ?? ['', undefined]);
  if (name === '' || (given === undefined && others.length > 0) || !isMap(body ?? {})) {
    throw new BeltError('A data test is no name with its arguments below it.', {
      location: place,
      hint: 'Write - unique, or - accepted_values: and what belongs to it on lines that are indented more.',
    });
  }
  const { arguments: nested, ...outer } = (body ?? {}) as Data;
  // dbt takes configs among the arguments too
  const parts = Object.entries({ ...outer, ...(isMap(nested) ? nested : { arguments: nested }) });
  const known = parts.filter(([key]) => key in BODY.keys);
  const rest = parts.filter(([key]) => !(key in BODY.keys));
  const rendered = known.map(([key, value]) => [
    key,
    key === 'name' ? value : render(value, place),
  ]);
  const read = readAs(BODY, Object.fromEntries(rendered), [], report);
  if (read === undefined) return undefined;
  const { name: customName, description, arguments: _, config, ...configs } = read;
  return {
    name,
    arguments: Object.fromEntries(rest),
    config: { ...configs, ...config },
    customName: customName ?? undefined,
    description: description ?? '',
  };
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
