import { BeltError } from '../errors.js';
import {
  cycleFaults,
  duplicateFaults,
  duplicateSourceFaults,
  strayPropertyFaults,
} from './check-nodes.js';
import { type DraftScope, isEnabled, modelDraft, seedNode, sourceNode } from './draft-nodes.js';
import { ProjectFaults } from './faults.js';
import { readFiles } from './files.js';
import { topologicalOrder } from './graph.js';
import { createJinja, type JinjaTemplate } from './jinja.js';
import { projectContext } from './jinja-context.js';
import type { ModelNode, ProjectNode, SeedNode, SourceNode } from './nodes.js';
import type { Project } from './project.js';
import { type ProjectConfig, readProjectConfig } from './project-config.js';
import { readProperties } from './properties.js';
import { resolveModel } from './resolve-references.js';
import type { Target } from './target.js';
import { yamlRenderer } from './yaml-jinja.js';

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

  const config = attempt(() => configOf(options));
  if (config === undefined) throw new ProjectFaults(faults);
  const vars = { ...config.vars, ...options.vars };
  const project = { projectName: config.name, target, vars, env };
  const jinja = createJinja(config.name);
  const macroFiles = readFiles(projectDir, config.macroPaths, ['.sql']);
  gather(macroFiles, (file) => jinja.addMacros(file.path, file.text));
  const isMacroFile = new Set(macroFiles.map((file) => file.path));

  const yamlRoots = [...config.modelPaths, ...config.seedPaths, ...config.macroPaths];
  const properties = readProperties(
    readFiles(projectDir, yamlRoots, ['.yml', '.yaml']),
    yamlRenderer(jinja, projectContext(project)),
    (fault) => faults.push(fault),
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
  const enabled = drafts.filter(({ node }) => isEnabled(node));
  const allModels = drafts.map(({ node }) => node);

  faults.push(...duplicateSourceFaults(properties));
  faults.push(...duplicateFaults([...enabled.map(({ node }) => node), ...seeds]));
  if (faults.length === 0) {
    faults.push(...strayPropertyFaults(properties, namesIn(allModels), namesIn(allSeeds)));
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
  const nodes = nodesById(models, seeds, allSources.filter(isEnabled));
  const templates = new Map(enabled.map(({ node, template }) => [node.uniqueId, template]));
  const references = new Map(enabled.map((draft) => [draft.node.uniqueId, draft.references]));
  faults.push(...cycleFaults(nodes, (id) => references.get(id) ?? []));
  if (faults.length > 0) throw new ProjectFaults(inOrder(faults));

  const hooks = new Map<string, JinjaTemplate>();
  return {
    name: config.name,
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
}

/** dbt_project.yml is read before there is a project: only with the vars of the command line. */
function configOf({ projectDir, target, vars = {}, env }: LoadOptions): ProjectConfig {
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

function nodesById(
  models: readonly ModelNode[],
  seeds: readonly SeedNode[],
  sources: readonly SourceNode[],
): Map<string, ProjectNode> {
  return new Map([...models, ...seeds, ...sources].map((node) => [node.uniqueId, node]));
}

function inOrder(faults: readonly BeltError[]): BeltError[] {
  const key = ({ location }: BeltError) =>
    `${location.file ?? ''}\n${String(location.line ?? 0).padStart(9, '0')}`;
  return [...faults].sort((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0));
}
