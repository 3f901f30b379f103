import { escapeIdentifier } from 'pg';
import { didYouMean } from '../../did-you-mean.js';
import { BeltError } from '../../errors.js';
import type { JinjaTemplate } from '../../jinja/jinja.js';
import { TEST_CONFIGS } from '../config-keys.js';
import type { ModelNode, SeedNode, SourceNode, TestNode } from '../nodes.js';
import type { ProjectFile } from '../reading/files.js';
import { folderConfig, mergeConfig } from '../reading/folder-config.js';
import type { NodeProperties } from '../reading/properties.js';
import type { Reference } from '../references.js';
import { projectContext } from '../templates/context.js';
import { explore } from '../templates/explore-model.js';
import { testArguments } from '../templates/test-arguments.js';
import { yamlRenderer } from '../templates/yaml-jinja.js';
import { type DraftScope, describedParts, referenceParts, sha256 } from './draft-nodes.js';
import { type GenericTest, genericTest, md5, testName } from './generic-tests.js';
import { nameOf, relationOf } from './node-names.js';
import { checkOwnConfig } from './own-config.js';

/** A data test before its references are resolved to nodes. */
export interface TestDraft {
  readonly node: Omit<TestNode, 'dependsOn'>;
  readonly template: JinjaTemplate;
  readonly references: readonly Reference[];
  readonly askedConfigs: readonly string[];
}

const AUDIT_SCHEMA = 'dbt_test__audit';

/** The tests that YAML asks of a node and of its columns. */
export function genericTestDrafts(
  scope: DraftScope,
  node: Omit<ModelNode, 'dependsOn' | 'newRowsOf'> | SeedNode | SourceNode,
  known: Pick<NodeProperties, 'path' | 'line'>,
): TestDraft[] {
  const { diagnostics } = scope;
  const place = { file: known.path, line: known.line };
  const render = yamlRenderer(scope.jinja, projectContext(scope));
  const report = diagnostics.of(place.file, () => place.line);
  const asked = [{ tests: node.tests, column: undefined }, ...Object.values(node.columns)].flatMap(
    (one) => {
      const column =
        'name' in one ? (one.quote ? escapeIdentifier(one.name) : one.name) : undefined;
      return one.tests.map((entry) => ({ entry, column }));
    },
  );
  return diagnostics.gather(asked, ({ entry, column }) => {
    const test = genericTest(entry, place, render, report);
    return test && genericDraft(scope, node, place, test, column);
  });
}

function genericDraft(
  scope: DraftScope,
  node: Omit<ModelNode, 'dependsOn' | 'newRowsOf'> | SeedNode | SourceNode,
  place: { readonly file: string; readonly line: number },
  test: GenericTest,
  columnName: string | undefined,
): TestDraft {
  const macro = `test_${test.name}`;
  if (scope.jinja.macro(macro, {}) === undefined) throw unknownTest(scope, test.name, place);
  const isSource = node.resourceType === 'source';
  const target = isSource ? `source_${node.sourceName}_${node.name}` : node.name;
  const made = testName(
    isSource ? { ...test, name: `source_${test.name}` } : test,
    isSource ? `${node.sourceName}_${node.name}` : target,
    columnName,
  );
  const fqn = [...node.fqn.slice(0, -1), made.name];
  const outer = configOf(scope, fqn, test.config);
  const rawCode = `{{ ${macro}(**_dbt_generic_test_kwargs) }}`;
  const template = scope.jinja.compile(place.file, rawCode);
  const call = { arguments: test.arguments, columnName, node, where: outer.where };
  const self = auditRelation(scope, made.alias, outer, place.file);
  const found = located(place, () =>
    explore(scope, template, made.name, outer, self, (whole) => ({
      _dbt_generic_test_kwargs: testArguments(scope.jinja, place.file, call, whole),
    })),
  );
  // the test's own config() is below what YAML asks of it here
  const config = configOf(scope, fqn, mergeConfig(found.ownConfig, test.config));
  const hash = md5(JSON.stringify([fqn, test.arguments, test.config, columnName])).slice(0, 10);
  return {
    node: {
      resourceType: 'test',
      uniqueId: `test.${scope.projectName}.${made.name}.${hash}`,
      name: made.name,
      fqn,
      path: place.file,
      line: place.line,
      rawCode,
      checksum: sha256(rawCode),
      ...describedParts({ ...config, ...withTags(config, node.tags) }, undefined),
      description: test.description,
      relation: auditRelation(scope, made.alias, config, place.file),
      ...referenceParts(found),
      generic: { name: test.name, arguments: test.arguments },
      columnName,
      attachedNode: node.uniqueId,
    },
    template,
    references: found.references.map((one) => ({ ...one, place })),
    askedConfigs: found.askedConfigs,
  };
}

/** Reads a singular test: a file with a query. Throws a BeltError with file and line. */
export function singularTestDraft(scope: DraftScope, file: ProjectFile): TestDraft {
  const { name, fqn } = nameOf(scope.projectName, file);
  const template = scope.jinja.compile(file.path, file.text);
  const outer = configOf(scope, fqn, {});
  const self = auditRelation(scope, name, outer, file.path);
  const found = explore(scope, template, name, outer, self);
  checkOwnConfig(scope.diagnostics, file, TEST_CONFIGS, found.ownConfig);
  return {
    node: {
      resourceType: 'test',
      uniqueId: `test.${scope.projectName}.${name}`,
      name,
      fqn,
      path: file.path,
      line: 1,
      rawCode: file.text,
      checksum: sha256(file.text),
      ...describedParts(found.config, undefined),
      relation: auditRelation(scope, name, found.config, file.path),
      ...referenceParts(found),
      generic: undefined,
      columnName: undefined,
      attachedNode: undefined,
    },
    template,
    references: found.references,
    askedConfigs: found.askedConfigs,
  };
}

function configOf(
  scope: DraftScope,
  fqn: readonly string[],
  own: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  return mergeConfig(
    { severity: 'error', materialized: 'test', ...folderConfig(scope.config.dataTests, fqn) },
    own,
  );
}

/** A test bears the tags of what it tests, besides its own. */
function withTags(config: Readonly<Record<string, unknown>>, tags: readonly string[]) {
  return tags.length === 0 ? {} : { tags: mergeConfig({ tags: [...tags] }, config).tags };
}

function auditRelation(
  scope: DraftScope,
  alias: string,
  config: Readonly<Record<string, unknown>>,
  path: string,
) {
  return relationOf(
    scope,
    scope.jinja,
    alias,
    { schema: AUDIT_SCHEMA, ...config, alias: config.alias ?? alias },
    path,
    { resourceType: 'test', fqn: [scope.projectName, alias] },
  );
}

function located<T>(place: { file: string; line: number }, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof BeltError) || error.location.file !== place.file) throw error;
    throw error.at(place);
  }
}

function unknownTest(
  scope: DraftScope,
  name: string,
  place: { file: string; line: number },
): BeltError {
  const known = [
    'unique',
    'not_null',
    'accepted_values',
    'relationships',
    ...scope.jinja
      .macroTexts()
      .flatMap((macro) => (macro.name.startsWith('test_') ? [macro.name.slice(5)] : [])),
  ];
  return new BeltError(`There is no data test ${name}${didYouMean(name, known)}.`, {
    location: place,
    hint: name.includes('.')
      ? 'Packages are not supported by belt: write the test as {% test %} in tests/generic/.'
      : `Tests are ${known.join(', ')}; write others as {% test ${name}(model) %} in tests/generic/.`,
  });
}
