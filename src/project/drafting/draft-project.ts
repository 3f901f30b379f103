import type { ProjectNode, SeedNode, SourceNode } from '../nodes.js';
import { checkTree } from '../reading/folder-config.js';
import type { ProjectFiles } from '../reading/project-files.js';
import type { NodeProperties, Properties } from '../reading/properties.js';
import { type SnapshotBlock, snapshotBlocks } from '../reading/snapshot-blocks.js';
import { duplicateFaults, duplicateSourceFaults, strayPropertyFaults } from './check-nodes.js';
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
  const enabled = models.map(({ node }) => node).filter(isEnabled);
  const tested = [...enabled, ...seeds.filter(isEnabled), ...sources.filter(isEnabled)];
  const tests = [
    ...tested.flatMap((node) => {
      const known = describing(properties, node);
      return known === undefined ? [] : genericTestDrafts(scope, node, known);
    }),
    ...diagnostics.gather(files.tests, (file) => singularTestDraft(scope, file)),
  ];

  const named = (list: ProjectFiles['models']) => list.map((file) => nameOf(projectName, file));
  const inFiles = {
    models: named(files.models),
    seeds: named(files.seeds),
    snapshots: blocks.map(({ name, file }) => ({
      name,
      fqn: [...nameOf(projectName, file).fqn, name],
    })),
  };
  const names = (of: keyof typeof inFiles) => new Set(inFiles[of].map(({ name }) => name));
  const faults = [
    ...duplicateSourceFaults(properties),
    ...duplicateFaults([...enabled, ...seeds.filter(isEnabled)]),
    ...strayPropertyFaults(properties, names('models'), names('seeds'), names('snapshots')),
  ];
  faults.forEach(diagnostics.fault);
  const fqns = (of: keyof typeof inFiles) => inFiles[of].map(({ fqn }) => fqn);
  checkTree(config.models, fqns('models'), config.report);
  checkTree(config.seeds, fqns('seeds'), config.report);
  checkTree(config.snapshots, fqns('snapshots'), config.report);
  checkTree(
    config.sources,
    sources.map(({ fqn }) => fqn),
    config.report,
  );
  checkTree(
    config.dataTests,
    tests.map(({ node }) => node.fqn),
    config.report,
  );
  const read = new Set([...models.map(({ node }) => node.name), ...seeds.map(({ name }) => name)]);
  const unread = Object.values(inFiles).flatMap((list) => list.map(({ name }) => name));
  return {
    models,
    seeds,
    sources,
    tests,
    unread: new Set(unread.filter((name) => !read.has(name))),
  };
}

/** The nodes that are enabled, by unique id, each with the ids of what it reads. */
export function resolveDrafts(
  { config, properties, diagnostics, projectName }: Omit<DraftScope, 'seedsByName'>,
  { models: all, seeds, sources, tests, unread }: Drafts,
  fixtures: ProjectFiles['fixtures'],
): Map<string, ProjectNode> {
  const referable: Referable = {
    projectName,
    models: withEnabledLast(all.map(({ node }) => node)),
    seeds: withEnabledLast(seeds),
    sources: new Map(sources.map((source) => [`${source.sourceName}.${source.name}`, source])),
  };
  const models = all
    .filter(({ node }) => isEnabled(node))
    .map((draft) => {
      const references = draft.references.filter(
        (one) => one.kind === 'source' || !unread.has(one.name),
      );
      return resolveModel({ ...draft, references }, referable, diagnostics.fault);
    });
  const unitScope = {
    projectName,
    models: byName(models),
    seeds: byName(seeds.filter(isEnabled)),
    fixtures,
    configs: config.unitTests,
  };
  const unitTests = diagnostics.gather(properties.unitTests, (entry) =>
    unitTestNode(unitScope, entry),
  );
  checkTree(
    config.unitTests,
    unitTests.map(({ fqn }) => fqn),
    config.report,
  );
  const nodes: ProjectNode[] = [
    ...models,
    ...seeds.filter(isEnabled),
    ...sources.filter(isEnabled),
    ...tests
      .filter(({ node }) => isEnabled(node))
      .map(({ node, references }) => {
        const found = resolveReferences(node, references, referable, diagnostics.fault);
        return { ...node, dependsOn: [...new Set(found.values())] };
      }),
    ...unitTests.filter(isEnabled),
  ];
  return new Map(nodes.map((node) => [node.uniqueId, node]));
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
