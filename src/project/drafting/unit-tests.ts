import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { didYouMean } from '../../did-you-mean.js';
import { BeltError } from '../../errors.js';
import type { Data, Fixture, ModelNode, UnitTestNode } from '../nodes.js';
import { readFiles } from '../reading/files.js';
import type { UnitTestEntry } from '../reading/properties.js';
import { isMap, mapOf, mapsOf, namesOf, textOf } from '../reading/yaml-file.js';

interface UnitTestScope {
  readonly projectName: string;
  readonly projectDir: string;
  readonly testPaths: readonly string[];
  readonly models: ReadonlyMap<string, Pick<ModelNode, 'uniqueId' | 'fqn' | 'relation' | 'name'>>;
}

/** Reads a unit test of YAML. Throws a BeltError with file and line. */
export function unitTestNode(
  scope: UnitTestScope,
  { path, line, entry }: UnitTestEntry,
): UnitTestNode {
  const wrong = (message: string, hint: string) =>
    new BeltError(message, { location: { file: path, line }, hint });
  const name = textOf(entry.name);
  if (name === '') throw wrong('A unit test has no name.', 'Give it a name: of its own.');
  const model = scope.models.get(textOf(entry.model));
  if (model === undefined) {
    throw wrong(
      `The unit test ${name} is of the model ${textOf(entry.model) || '(none)'}, which does not exist${didYouMean(textOf(entry.model), scope.models.keys())}.`,
      'Name a model of this project under model:.',
    );
  }
  if (!isMap(entry.expect)) throw wrong(`The unit test ${name} expects nothing.`, 'Add expect:.');
  const fixture = (given: Data) => readFixture(scope, given, wrong, name);
  const overrides = mapOf(entry.overrides);
  const config = mapOf(entry.config);
  return {
    resourceType: 'unit_test',
    uniqueId: `unit_test.${scope.projectName}.${model.name}.${name}`,
    name,
    path,
    line,
    fqn: [...model.fqn, name],
    description: textOf(entry.description),
    columns: {},
    tests: [],
    config: { enabled: true, ...config },
    tags: [...namesOf(entry.tags), ...namesOf(config.tags)],
    meta: mapOf(config.meta),
    docs: {},
    relation: model.relation,
    modelId: model.uniqueId,
    dependsOn: [model.uniqueId],
    given: mapsOf(entry.given).map((given) => ({
      input: textOf(given.input),
      fixture: fixture(given),
    })),
    expected: fixture(mapOf(entry.expect)),
    overrides: {
      macros: mapOf(overrides.macros),
      vars: mapOf(overrides.vars),
      envVars: mapOf(overrides.env_vars),
    },
  };
}

function readFixture(
  scope: UnitTestScope,
  given: Data,
  wrong: (message: string, hint: string) => BeltError,
  name: string,
): Fixture {
  const format = textOf(given.format) || 'dict';
  const text = typeof given.fixture === 'string' ? fixtureText(scope, given.fixture) : given.rows;
  switch (format) {
    case 'dict':
      return { format, sql: undefined, rows: mapsOf(given.rows) };
    case 'csv':
      return { format, sql: undefined, rows: typeof text === 'string' ? csvRows(text) : [] };
    case 'sql':
      return { format, sql: typeof text === 'string' ? text : '', rows: [] };
    default:
      throw wrong(
        `The unit test ${name} has rows of the format ${format}.`,
        'Formats are dict, csv and sql.',
      );
  }
}

function csvRows(text: string): Record<string, unknown>[] {
  const rows: Record<string, string>[] = parse(text, {
    columns: true,
    skip_empty_lines: true,
    trim: true,
  });
  return rows.map((row) =>
    Object.fromEntries(
      Object.entries(row).map(([key, value]) => [key, value === '' ? null : value]),
    ),
  );
}

function fixtureText({ projectDir, testPaths }: UnitTestScope, name: string): string {
  const wanted = name.replace(/\.(csv|sql)$/, '');
  const file = readFiles(projectDir, testPaths, ['.csv', '.sql']).find(
    ({ path }) =>
      path
        .split('/')
        .at(-1)
        ?.replace(/\.(csv|sql)$/, '') === wanted,
  );
  return file === undefined ? '' : readFileSync(join(projectDir, file.path), 'utf8');
}
