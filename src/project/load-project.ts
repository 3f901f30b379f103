import { BeltError } from '../errors.js';
import { createJinja, type JinjaTemplate } from '../jinja/jinja.js';
import {
  cycleFaults,
  duplicateFaults,
  duplicateSourceFaults,
  strayPropertyFaults,
} from './drafting/check-nodes.js';
import { genericTestDrafts, singularTestDraft, type TestDraft } from './drafting/data-tests.js';
import {
  type DraftScope,
  isEnabled,
  modelDraft,
  seedNode,
  snapshotDraft,
  sourceNode,
} from './drafting/draft-nodes.js';
import { resolveModel, resolveReferences } from './drafting/resolve-references.js';
import { unitTestNode } from './drafting/unit-tests.js';
import { ProjectFaults } from './faults.js';
import { topologicalOrder } from './graph.js';
import type { ProjectNode } from './nodes.js';
import type { Project } from './project.js';
import { docsBlocks } from './reading/docs-blocks.js';
import { readFiles } from './reading/files.js';
import { type ProjectConfig, readProjectConfig } from './reading/project-config.js';
import { type NodeProperties, type Properties, readProperties } from './reading/properties.js';
import { type SnapshotBlock, snapshotBlocks } from './reading/snapshot-blocks.js';
import type { Target } from './target.js';
import { projectContext } from './templates/context.js';
import { projectJinja } from './templates/project-jinja.js';
import { yamlRenderer } from './templates/yaml-jinja.js';

export interface LoadOptions {
  readonly projectDir: string;
  readonly target: Target;
  /** Vars of the command line: above those of dbt_project.yml. */
  readonly vars?: Readonly<Record<string, unknown>>;
  readonly env: NodeJS.ProcessEnv;
}

/** Reads and checks a project. Throws ProjectFaults with all that is wrong with it. */
export function loadProject(options: LoadOptions): Project {
  const { projectDir, target, env } = options;
  const faults: BeltError[] = [];
  const attempt = <T>(work: () => T): T | undefined => {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof BeltError)) throw error;
      faults.push(error);
      return undefined;
    }
  };
  const gather = <T, R>(items: readonly T[], work: (item: T) => R): R[] =>
    items.flatMap((item) => {
      const result = attempt(() => work(item));
      return result === undefined ? [] : [result];
    });

  const config = attempt(() => loadConfig(options));
  if (config === undefined) throw new ProjectFaults(faults);
  const vars = { ...config.vars, ...options.vars };
  const project = { projectName: config.name, target, vars, env };
  const jinja = projectJinja(config.name);
  const genericTestPaths = config.testPaths.map((path) => `${path}/generic`);
  const macroFiles = readFiles(projectDir, [...config.macroPaths, ...genericTestPaths], ['.sql']);
  gather(macroFiles, (file) => jinja.addMacros(file.path, file.text));
  const isMacroFile = new Set(macroFiles.map((file) => file.path));

  const yamlRoots = [
    ...config.modelPaths,
    ...config.seedPaths,
    ...config.macroPaths,
    ...config.snapshotPaths,
    ...config.testPaths,
  ];
  const docs = docsBlocks(readFiles(projectDir, [...config.modelPaths, 'docs'], ['.md']));
  const properties = readProperties(
    readFiles(projectDir, yamlRoots, ['.yml', '.yaml']),
    yamlRenderer(jinja, projectContext(project)),
    (fault) => faults.push(fault),
    docs,
  );
  const seedScope: DraftScope = { ...project, jinja, config, properties, seedsByName: new Map() };
  const allSources = properties.sources.map((source) => sourceNode(seedScope, source));
  const allSeeds = gather(readFiles(projectDir, config.seedPaths, ['.csv']), (file) =>
    seedNode(seedScope, file),
  );
  const seeds = allSeeds.filter(isEnabled);
  const scope: DraftScope = { ...seedScope, seedsByName: byName(seeds) };
  const drafts = gather(
    readFiles(projectDir, config.modelPaths, ['.sql']).filter(({ path }) => !isMacroFile.has(path)),
    (file) => modelDraft(scope, file),
  );
  const snapshotFiles = readFiles(projectDir, config.snapshotPaths, ['.sql']);
  const snapshots = gather(
    [
      ...gather(snapshotFiles, snapshotBlocks).flat(),
      ...yamlSnapshots(properties, config.snapshotPaths),
    ],
    (block) => snapshotDraft(scope, block),
  );
  const enabled = [...drafts, ...snapshots].filter(({ node }) => isEnabled(node));
  const allModels = [...drafts, ...snapshots].map(({ node }) => node);

  faults.push(...duplicateSourceFaults(properties));
  faults.push(...duplicateFaults([...enabled.map(({ node }) => node), ...seeds]));
  if (faults.length === 0) {
    faults.push(
      ...strayPropertyFaults(
        properties,
        namesIn(allModels),
        namesIn(allSeeds),
        namesIn(snapshots.map(({ node }) => node)),
      ),
    );
  }
  const referable = {
    projectName: config.name,
    models: withEnabledLast(allModels),
    seeds: withEnabledLast(allSeeds),
    sources: new Map(allSources.map((source) => [`${source.sourceName}.${source.name}`, source])),
  };
  const unread = unreadNames(options, config, allModels, allSeeds);
  const models = enabled.map((draft) =>
    resolveModel(
      {
        ...draft,
        references: draft.references.filter(
          (one) => one.kind === 'source' || !unread.has(one.name),
        ),
      },
      referable,
      (fault) => faults.push(fault),
    ),
  );
  const sources = allSources.filter(isEnabled);
  const testDrafts = readTests();
  const tests = testDrafts.map(({ node, references }) => ({
    ...node,
    dependsOn: [
      ...new Set(
        resolveReferences(node, references, referable, (fault) => faults.push(fault)).values(),
      ),
    ],
  }));
  const unitScope = {
    projectName: config.name,
    projectDir,
    testPaths: config.testPaths,
    models: byName(models),
  };
  const unitTests = gather(properties.unitTests, (entry) => unitTestNode(unitScope, entry));
  const nodes = nodesById([
    ...models,
    ...seeds,
    ...sources,
    ...tests,
    ...unitTests.filter(isEnabled),
  ]);
  const templates = new Map(
    [...enabled, ...testDrafts].map(({ node, template }) => [node.uniqueId, template]),
  );
  const references = new Map(enabled.map((draft) => [draft.node.uniqueId, draft.references]));
  faults.push(...cycleFaults(nodes, (id) => references.get(id) ?? []));
  if (faults.length > 0) throw new ProjectFaults(inOrder(faults));

  const hooks = new Map<string, JinjaTemplate>();
  return {
    name: config.name,
    config,
    jinja,
    macros: jinja.macroTexts(),
    docs,
    projectDir,
    target,
    vars,
    env,
    nodes,
    order: topologicalOrder(nodes),
    templates,
    hookTemplate: (path, text) => {
      const key = `${path}\n${text}`;
      const template = hooks.get(key) ?? jinja.compile(path, text);
      hooks.set(key, template);
      return template;
    },
  };

  function readTests(): TestDraft[] {
    const asked = [
      ...enabled.map(({ node }) => ({ node, known: knownOf(properties, node) })),
      ...seeds.map((node) => ({ node, known: knownOf(properties, node) })),
      ...sources.map((node) => ({
        node,
        known: properties.sources.find(
          (one) => one.sourceName === node.sourceName && one.name === node.name,
        ),
      })),
    ];
    const generic = gather(asked, ({ node, known }) =>
      known === undefined ? [] : genericTestDrafts(scope, node, known),
    ).flat();
    const singular = gather(
      readFiles(projectDir, config?.testPaths ?? [], ['.sql']).filter(
        ({ path }) => !isMacroFile.has(path),
      ),
      (file) => singularTestDraft(scope, file),
    );
    return [...generic, ...singular].filter(({ node }) => isEnabled(node));
  }
}

/** What YAML says of a node that is made from a file. */
function knownOf(
  properties: Properties,
  { name, resourceType }: { readonly name: string; readonly resourceType: string },
): NodeProperties | undefined {
  switch (resourceType) {
    case 'seed':
      return properties.seeds.get(name);
    case 'snapshot':
      return properties.snapshots.get(name);
    default:
      return properties.models.get(name);
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

/** dbt_project.yml is read before there is a project: only with the vars of the command line. */
export function loadConfig({ projectDir, target, vars = {}, env }: LoadOptions): ProjectConfig {
  const context = projectContext({ projectName: 'belt', target, vars, env });
  return readProjectConfig(projectDir, yamlRenderer(createJinja(), context));
}

/** Names of files that could not be read: to miss them is no second fault. */
function unreadNames(
  { projectDir }: LoadOptions,
  config: ProjectConfig,
  models: readonly { readonly path: string }[],
  seeds: readonly { readonly path: string }[],
): Set<string> {
  const read = new Set([...models, ...seeds].map(({ path }) => path));
  const files = [
    ...readFiles(projectDir, config.modelPaths, ['.sql']),
    ...readFiles(projectDir, config.seedPaths, ['.csv']),
  ];
  return new Set(
    files
      .filter(({ path }) => !read.has(path))
      .map(({ path }) => (path.split('/').at(-1) ?? '').replace(/\.(sql|csv)$/, '')),
  );
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

function namesIn(nodes: readonly { readonly name: string }[]): Set<string> {
  return new Set(nodes.map(({ name }) => name));
}

function nodesById(nodes: readonly ProjectNode[]): Map<string, ProjectNode> {
  return new Map(nodes.map((node) => [node.uniqueId, node]));
}

function inOrder(faults: readonly BeltError[]): BeltError[] {
  const key = ({ location }: BeltError) =>
    `${location.file ?? ''}\n${String(location.line ?? 0).padStart(9, '0')}`;
  return [...faults].sort((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0));
}
