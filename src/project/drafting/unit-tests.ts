import { didYouMean, misspelt } from '../../did-you-mean.js';
import { BeltError } from '../../errors.js';
import type { Fixture, ModelNode, SeedNode, UnitTestNode } from '../nodes.js';
import type { ROWS } from '../reading/file-keys.js';
import type { ProjectFile } from '../reading/files.js';
import { type ConfigTree, folderConfig, mergeConfig } from '../reading/folder-config.js';
import type { UnitTestEntry } from '../reading/properties.js';
import { readCsv } from '../reading/seeds.js';
import { listOf, type ValuesOf } from '../reading/shapes.js';
import type { Path } from '../reading/yaml-file.js';

const OVERRIDABLE = { macros: 'macro', vars: 'var', env_vars: 'variable of the environment' };

interface UnitTestScope {
  readonly projectName: string;
  readonly models: ReadonlyMap<string, Pick<ModelNode, 'uniqueId' | 'fqn' | 'relation' | 'name'>>;
  readonly seeds: ReadonlyMap<string, SeedNode>;
  readonly fixtures: readonly ProjectFile[];
  /** The names of what a test may override. */
  readonly overridable: Readonly<Record<keyof typeof OVERRIDABLE, ReadonlySet<string>>>;
  /** The configs of dbt_project.yml. */
  readonly configs: ConfigTree;
}

/** Reads a unit test of YAML. Throws a BeltError with file and line. */
export function unitTestNode(scope: UnitTestScope, test: UnitTestEntry): UnitTestNode {
  const { path, line, entry } = test;
  if (!entry.name) throw test.fault('A unit test has no name.', 'Give it a name: of its own.');
  const model = scope.models.get(entry.model ?? '');
  if (model === undefined) {
    throw test.fault(
      `The unit test ${entry.name} is of the model ${entry.model || '(none)'}, which does not exist${didYouMean(entry.model ?? '', scope.models.keys())}.`,
      'Name a model of this project under model:.',
    );
  }
  if (!entry.expect)
    throw test.fault(`The unit test ${entry.name} expects nothing.`, 'Add expect:.');
  const given = (entry.given ?? []).flatMap((one, index) => {
    const at = ['given', index];
    if (!one.input) throw test.fault('This names no input.', "Add input: ref('model').", at);
    const isSeed = scope.seeds.has(/^\s*ref\(\s*['"](\w+)['"]/.exec(one.input)?.[1] ?? '');
    // a seed without rows gives its own
    if (isSeed && !one.rows && !one.fixture) return [];
    return [{ input: one.input, fixture: readRows(scope, test, one, at) }];
  });
  const fqn = [...model.fqn, entry.name];
  const config = mergeConfig(folderConfig(scope.configs, fqn), entry.config ?? {});
  const { macros, vars, env_vars: envVars } = entry.overrides ?? {};
  for (const kind of ['macros', 'vars', 'env_vars'] as const) {
    const known = scope.overridable[kind];
    for (const name of Object.keys(entry.overrides?.[kind] ?? {})) {
      const near = known.has(name) ? undefined : misspelt(name, known);
      if (near === undefined) continue;
      const told = `There is no ${OVERRIDABLE[kind]} ${name} (did you mean ${near}?).`;
      throw test.fault(told, 'Correct the name.', ['overrides', kind, name]);
    }
  }
  return {
    resourceType: 'unit_test',
    uniqueId: `unit_test.${scope.projectName}.${model.name}.${entry.name}`,
    name: entry.name,
    path,
    line,
    fqn,
    description: entry.description ?? '',
    columns: {},
    tests: [],
    config: { enabled: true, ...config },
    tags: [...listOf(entry.tags), ...listOf(config.tags as string[] | undefined)],
    meta: entry.config?.meta ?? {},
    docs: {},
    relation: model.relation,
    modelId: model.uniqueId,
    dependsOn: [model.uniqueId],
    given,
    expected: readRows(scope, test, entry.expect, ['expect']),
    overrides: { macros: macros ?? {}, vars: vars ?? {}, envVars: envVars ?? {} },
  };
}

/** The rows that stand at a place of a unit test, or in the fixture that is named there. */
function readRows(
  { fixtures }: Pick<UnitTestScope, 'fixtures'>,
  test: UnitTestEntry,
  { format, rows, fixture }: ValuesOf<typeof ROWS>,
  at: Path,
): Fixture {
  const wrong = (key: string, message: string, hint: string) =>
    test.fault(message, hint, [...at, key]);
  const kind = format ?? 'dict';
  if (fixture && rows) throw wrong('fixture', 'There are rows and a fixture.', 'Remove one.');
  if (fixture) {
    const file = fixtureFile(fixture);
    if (kind === 'sql') return { format: kind, sql: file.text, rows: [] };
    return { format: 'csv', sql: undefined, rows: readCsv(file, 'fixture', { trim: true }).rows };
  }
  if (rows === undefined || rows === null) {
    throw wrong('rows', 'There are no rows.', 'Add rows:, with rows: [] where there are none.');
  }
  if (kind === 'dict') {
    if (typeof rows !== 'string') return { format: kind, sql: undefined, rows };
    throw wrong('rows', 'rows is a text.', 'Add format: csv or format: sql, or make it a list.');
  }
  if (typeof rows !== 'string') {
    throw wrong('rows', `rows is no ${kind}, but a list.`, 'Remove format:, or write a text.');
  }
  if (kind === 'sql') return { format: kind, sql: rows, rows: [] };
  try {
    const file = { path: test.path, text: rows };
    return { format: kind, sql: undefined, rows: readCsv(file, 'fixture', { trim: true }).rows };
  } catch (error) {
    if (!(error instanceof BeltError)) throw error;
    // the text of a block begins on the line after its key
    const line = test.lineOf([...at, 'rows']) + (error.location.line ?? 0);
    throw error.at({ file: test.path, line });
  }

  function fixtureFile(name: string): ProjectFile {
    if (kind === 'dict') {
      throw wrong('fixture', 'A fixture has no format dict.', 'Add format: csv or format: sql.');
    }
    const wanted = name.endsWith(`.${kind}`) ? name : `${name}.${kind}`;
    const names = fixtures.map((file) => file.path.split('/').at(-1) ?? '');
    const found = fixtures[names.indexOf(wanted)];
    if (found !== undefined) return found;
    throw wrong(
      'fixture',
      `There is no fixture ${wanted}${didYouMean(wanted, names)}.`,
      `Fixtures lie in tests/fixtures${names.length === 0 ? '' : `: ${names.join(', ')}`}.`,
    );
  }
}
