import type { BeltError } from '../../errors.js';
import type { ProjectNode, SeedNode, SourceNode, UnitTestNode } from '../nodes.js';
import { checkTree } from '../reading/folder-config.js';
import type { ProjectFiles } from '../reading/project-files.js';
import type { NodeProperties, Properties } from '../reading/properties.js';
import { type SnapshotBlock, snapshotBlocks } from '../reading/snapshot-blocks.js';
import { duplicateFaults, longNameFaults, repeatedFaults, strayProperties } from './check-nodes.js';
import { genericTestDrafts, singularTestDraft, type TestDraft } from './data-tests.js';
import {
  type DraftScope,
  isEnabled,
  type ModelDraft,
  modelDraft,
  seedNode,
  snapshotDraft,
  sourceNode,
} from './draft-nodes.js';
import { nameOf } from './node-names.js';
import { type Referable, resolveModel, resolveReferences } from './resolve-references.js';
import { unitTestNode } from './unit-tests.js';

/** The nodes of a project before their references lead to each other, disabled ones too. */
export interface Drafts {
  /** Models and snapshots. */
  readonly models: readonly ModelDraft[];
  readonly seeds: readonly SeedNode[];
  readonly sources: readonly SourceNode[];
  readonly tests: readonly TestDraft[];
  readonly unitTests: readonly UnitTestNode[];
  /** Names of files that have a fault: to miss them is no second one. */
  readonly unread: ReadonlySet<string>;
}

/** Makes nodes of files; what is wrong is told to the scope's diagnostics, and left out. */
export function draftProject(outer: Omit<DraftScope, 'seedsByName'>, files: ProjectFiles): Drafts {
  const { config, properties, diagnostics, projectName } = outer;
  const seedScope: DraftScope = { ...outer, seedsByName: new Map() };
  const sources = properties.sources.map((source) => sourceNode(seedScope, source));
  const seeds = diagnostics.gather(files.seeds, (file) => seedNode(seedScope, file));
  const scope: DraftScope = { ...outer, seedsByName: byName(seeds.filter(isEnabled)) };
  const blocks = [
    ...diagnostics.gather(files.snapshots, snapshotBlocks).flat(),
    ...yamlSnapshots(properties, config.snapshotPaths),
  ];
  const models = [
    ...diagnostics.gather(files.models, (file) => modelDraft(scope, file)),
    ...diagnostics.gather(blocks, (block) => snapshotDraft(scope, block)),
  ];
  const built = [...models.map(({ node }) => node), ...seeds].filter(isEnabled);
  const tests = [
    ...[...built, ...sources.filter(isEnabled)].flatMap((node) => {
      const known = describing(properties, node);
      return known === undefined ? [] : genericTestDrafts(scope, node, known);
    }),
    ...diagnostics.gather(files.tests, (file) => singularTestDraft(scope, file)),
  ];
  const unitScope = {
    projectName,
    models: byName(models.map(({ node }) => node).filter(isEnabled)),
    seeds: scope.seedsByName,
    fixtures: files.fixtures,
    overridable: {
      macros: new Set(['is_incremental', ...outer.jinja.macroTexts().map(({ name }) => name)]),
      vars: new Set([...Object.keys(outer.vars), ...namesGivenTo('var', files)]),
      env_vars: new Set(namesGivenTo('env_var', files)),
    },
    configs: config.unitTests,
  };
  // of all files, also of those with a fault
  const filed = {
    models: files.models.map((file) => nameOf(projectName, file).fqn),
    seeds: files.seeds.map((file) => nameOf(projectName, file).fqn),
    snapshots: blocks.map(({ name, file }) => [...nameOf(projectName, file).fqn, name]),
  };
  const names = (list: readonly (readonly string[])[]) =>
    new Set(list.map((fqn) => fqn.at(-1) ?? ''));
  const known = [names(filed.models), names(filed.seeds), names(filed.snapshots)] as const;
  const read = new Set([...models.map(({ node }) => node.name), ...seeds.map(({ name }) => name)]);
  const unread = new Set(known.flatMap((list) => [...list]).filter((name) => !read.has(name)));
  const unitTests = diagnostics.gather(
    properties.unitTests.filter(({ entry }) => !unread.has(String(entry.model))),
    (entry) => unitTestNode(unitScope, entry),
  );
  const fqns = {
    ...filed,
    sources: sources.map(({ fqn }) => fqn),
    dataTests: tests.map(({ node }) => node.fqn),
    unitTests: unitTests.map(({ fqn }) => fqn),
  };
  for (const key of Object.keys(fqns) as (keyof typeof fqns)[]) {
    checkTree(config[key], fqns[key], config.report);
  }
  [
    ...repeatedFaults(properties.sources, (one) => `The source ${one.sourceName}.${one.name}`),
    ...repeatedFaults(
      tests.flatMap(({ node }) => (node.generic === undefined ? [node] : [])),
      ({ name }) => `The test ${name}`,
    ),
    ...repeatedFaults(unitTests, ({ name, fqn }) => `The unit test ${name} of ${fqn.at(-2)}`),
    ...duplicateFaults(built),
    ...longNameFaults(built),
  ].forEach(diagnostics.fault);
  strayProperties(properties, ...known).forEach(diagnostics.warn);
  return {
    models,
    seeds,
    sources,
    tests,
    unitTests,
    unread,
  };
}

/** The nodes that are enabled, by unique id, each with the ids of what it reads. */
export function resolveDrafts(
  projectName: string,
  { models, seeds, sources, tests, unitTests, unread }: Drafts,
  onFault: (fault: BeltError) => void,
): Map<string, ProjectNode> {
  const referable: Referable = {
    projectName,
    models: withEnabledLast(models.map(({ node }) => node)),
    seeds: withEnabledLast(seeds),
    sources: new Map(sources.map((source) => [`${source.sourceName}.${source.name}`, source])),
  };
  const nodes: ProjectNode[] = [
    ...models
      .filter(({ node }) => isEnabled(node))
      .map((draft) => {
        const references = draft.references.filter(
          (one) => one.kind === 'source' || !unread.has(one.name),
        );
        return resolveModel({ ...draft, references }, referable, onFault);
      }),
    ...[...seeds, ...sources].filter(isEnabled),
    ...tests
      .filter(({ node }) => isEnabled(node))
      .map(({ node, references }) => {
        const found = resolveReferences(node, references, referable, onFault);
        return { ...node, dependsOn: [...new Set(found.values())] };
      }),
    ...unitTests.filter(isEnabled),
  ];
  return new Map(nodes.map((node) => [node.uniqueId, node]));
}

/** What models and macros ask a function for by name, such as var('since'). */
function namesGivenTo(name: string, { models, macros }: ProjectFiles): string[] {
  const call = new RegExp(`\\b${name}\\(\\s*['"]([^'"]+)['"]`, 'g');
  return [...models, ...macros].flatMap(({ text }) =>
    [...text.matchAll(call)].map(([, asked = '']) => asked),
  );
}

/** What YAML says of a node. */
function describing(
  { models, seeds, snapshots, sources }: Properties,
  node: Pick<ModelDraft['node'], 'resourceType' | 'name'> | SeedNode | SourceNode,
): NodeProperties | undefined {
  switch (node.resourceType) {
    case 'seed':
      return seeds.get(node.name);
    case 'snapshot':
      return snapshots.get(node.name);
    case 'model':
      return models.get(node.name);
    case 'source':
      return sources.find((one) => one.sourceName === node.sourceName && one.name === node.name);
  }
}

/** Snapshots that are YAML alone: they take all of the relation that they name. */
function yamlSnapshots(properties: Properties, roots: readonly string[]): SnapshotBlock[] {
  return [...properties.snapshots].flatMap(([name, { relation, path }]) => {
    if (relation === undefined) return [];
    const root = roots.find((one) => path.startsWith(`${one}/`)) ?? '';
    const file = {
      path,
      pathBelowRoot: path.slice(root === '' ? 0 : root.length + 1),
      text: `select * from {{ ${relation} }}`,
    };
    return [{ name, file }];
  });
}

function byName<T extends { readonly name: string }>(nodes: readonly T[]): Map<string, T> {
  return new Map(nodes.map((node) => [node.name, node]));
}

/** Of a disabled and an enabled node of one name, the enabled one is meant. */
function withEnabledLast<
  T extends { readonly name: string; readonly config: Readonly<Record<string, unknown>> },
>(nodes: readonly T[]): Map<string, T> {
  return byName([...nodes.filter((node) => !isEnabled(node)), ...nodes.filter(isEnabled)]);
}
