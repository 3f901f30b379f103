import { createHash } from 'node:crypto';
import { didYouMean } from '../../did-you-mean.js';
import { BeltError } from '../../errors.js';
import type { JinjaTemplate } from '../../jinja/jinja.js';
import { MODEL_CONFIGS, SNAPSHOT_CONFIGS } from '../config-keys.js';
import type { Diagnostics } from '../faults.js';
import type { Data, ModelNode, SeedNode, SourceNode } from '../nodes.js';
import type { ProjectFile } from '../reading/files.js';
import { folderConfig, mergeConfig } from '../reading/folder-config.js';
import type { ProjectConfig } from '../reading/project-config.js';
import type { NodeProperties, Properties, SourceProperties } from '../reading/properties.js';
import { readCsv } from '../reading/seeds.js';
import { type DictionaryShape, listOf } from '../reading/shapes.js';
import type { SnapshotBlock } from '../reading/snapshot-blocks.js';
import type { Reference } from '../references.js';
import { type ExploreScope, exploreModel, type ModelFindings } from '../templates/explore-model.js';
import { nameOf, relationOf } from './node-names.js';
import { checkOwnConfig, tellIdleConfigs } from './own-config.js';

/** What nodes are made from. */
export interface DraftScope extends ExploreScope {
  readonly config: ProjectConfig;
  readonly properties: Properties;
  readonly diagnostics: Diagnostics;
}

/** A model before its references are resolved to nodes. */
export interface ModelDraft {
  readonly node: Omit<ModelNode, 'dependsOn' | 'newRowsOf'>;
  readonly template: JinjaTemplate;
  readonly references: readonly Reference[];
  readonly newRowsOf: readonly string[];
  readonly askedConfigs: readonly string[];
}

/** Whether a node is part of the project: `enabled: false` takes it out. */
export function isEnabled(node: { readonly config: Readonly<Record<string, unknown>> }): boolean {
  return node.config.enabled !== false;
}

export function sourceNode(scope: DraftScope, source: SourceProperties): SourceNode {
  const key = `${source.sourceName}.${source.name}`;
  const fqn = [scope.projectName, source.sourceName, source.name];
  const config = mergeConfig(folderConfig(scope.config.sources, fqn), source.config);
  return {
    resourceType: 'source',
    uniqueId: `source.${scope.projectName}.${key}`,
    name: source.name,
    sourceName: source.sourceName,
    sourceDescription: source.sourceDescription,
    path: source.path,
    fqn,
    loadedAtField: config.loaded_at_field as string | undefined,
    freshness: (config.freshness ?? undefined) as Data | undefined,
    ...describedParts(config, source),
    relation: {
      ...(source.database === undefined ? {} : { database: source.database }),
      schema: source.schema,
      identifier: source.identifier,
    },
  };
}

/** Reads a seed. Throws a BeltError with file and line. */
export function seedNode(scope: DraftScope, file: ProjectFile): SeedNode {
  const { name, fqn } = nameOf(scope.projectName, file);
  const known = scope.properties.seeds.get(name);
  const config = mergeConfig(folderConfig(scope.config.seeds, fqn), known?.config ?? {});
  const delimiter = (config.delimiter ?? ',') as string;
  const { header, ...content } = readCsv(file, 'seed', { delimiter });
  if (known !== undefined) tellStrayColumns(scope.diagnostics, name, header, known);
  return {
    resourceType: 'seed',
    uniqueId: `seed.${scope.projectName}.${name}`,
    name,
    fqn,
    path: file.path,
    checksum: sha256(file.text),
    ...describedParts(config, known),
    relation: relationOf(scope, scope.jinja, name, config, file.path, {
      resourceType: 'seed',
      fqn,
    }),
    header,
    ...content,
  };
}

/** YAML that describes or types a column which a seed does not have is most likely a slip. */
function tellStrayColumns(
  { fault, warn }: Diagnostics,
  seed: string,
  header: readonly string[],
  known: NodeProperties,
): void {
  const stray = (names: readonly string[]) => names.filter((name) => !header.includes(name));
  const told = (name: string) =>
    `${seed} has no column ${name} to describe${didYouMean(name, header)}.`;
  const hint = 'Correct the name, or delete the entry.';
  for (const name of stray(Object.keys(known.columns))) {
    const location = known.columns[name]?.place ?? {};
    warn(new BeltError(told(name), { location, hint }));
  }
  for (const name of stray(Object.keys(known.config.column_types ?? {}))) {
    fault(known.fault(told(name), hint, ['config', 'column_types', name]));
  }
}

/** Reads a model. Throws a BeltError with file and line. */
export function modelDraft(scope: DraftScope, file: ProjectFile): ModelDraft {
  const { name, fqn } = nameOf(scope.projectName, file);
  const known = scope.properties.models.get(name);
  const outer = mergeConfig(folderConfig(scope.config.models, fqn), known?.config ?? {});
  return templateDraft(scope, {
    file,
    name,
    fqn,
    known,
    outer,
    defaults: { materialized: 'view' },
    configs: MODEL_CONFIGS,
  });
}

/** Reads a snapshot: a block of a file, or YAML that names the relation it is taken of. */
export function snapshotDraft(scope: DraftScope, { name, file }: SnapshotBlock): ModelDraft {
  const { fqn } = nameOf(scope.projectName, file);
  const known = scope.properties.snapshots.get(name);
  const outer = mergeConfig(
    folderConfig(scope.config.snapshots, [...fqn, name]),
    known?.config ?? {},
  );
  const draft = templateDraft(scope, {
    file,
    name,
    fqn: [...fqn, name],
    known,
    outer,
    defaults: {},
    configs: SNAPSHOT_CONFIGS,
  });
  const { config } = draft.node;
  const relation =
    typeof config.target_schema === 'string'
      ? { ...draft.node.relation, schema: config.target_schema }
      : draft.node.relation;
  return {
    ...draft,
    node: {
      ...draft.node,
      resourceType: 'snapshot',
      uniqueId: `snapshot.${scope.projectName}.${name}`,
      config: { ...config, materialized: 'snapshot' },
      relation,
    },
  };
}

interface TemplateParts {
  readonly file: ProjectFile;
  readonly name: string;
  readonly fqn: readonly string[];
  readonly known: NodeProperties | undefined;
  readonly outer: Record<string, unknown>;
  readonly defaults: Record<string, unknown>;
  readonly configs: DictionaryShape;
}

function templateDraft(
  scope: DraftScope,
  { file, name, fqn, known, outer, defaults, configs }: TemplateParts,
): ModelDraft {
  if (file.text.trim() === '') {
    throw new BeltError(`The model ${name} is empty.`, {
      location: { file: file.path, line: 1 },
      hint: 'Write a select into it, or delete the file.',
    });
  }
  const template = scope.jinja.compile(file.path, file.text);
  const kind = { resourceType: configs === MODEL_CONFIGS ? 'model' : 'snapshot', fqn };
  const self = relationOf(scope, scope.jinja, name, outer, file.path, kind);
  const found = exploreModel(scope, template, file, name, outer, self);
  const config = { ...defaults, ...found.config };
  checkOwnConfig(scope.diagnostics, file, configs, found.ownConfig);
  if (configs === MODEL_CONFIGS) {
    tellIdleConfigs(scope.diagnostics, file, found.ownConfig, known, config.materialized);
  }
  return {
    node: {
      resourceType: 'model',
      language: 'sql',
      uniqueId: `model.${scope.projectName}.${name}`,
      name,
      fqn,
      path: file.path,
      rawCode: file.text,
      checksum: sha256(file.text),
      ...describedParts(config, known),
      relation: relationOf(scope, scope.jinja, name, config, file.path, kind),
      ...referenceParts(found),
      usesNewRows: found.newRowsOf.length > 0,
      asksIncremental: found.asksIncremental,
    },
    template,
    references: found.references,
    newRowsOf: found.newRowsOf,
    askedConfigs: found.askedConfigs,
  };
}

/** What a node's text was found to read and to call. */
export function referenceParts(found: ModelFindings) {
  return {
    refs: distinct(
      found.references.flatMap((one) =>
        one.kind === 'ref' ? [{ name: one.name, package: one.package }] : [],
      ),
    ),
    sources: distinct(
      found.references.flatMap((one) =>
        one.kind === 'source' ? [[one.sourceName, one.name] as const] : [],
      ),
    ),
    macros: found.macros,
  };
}

export function describedParts(
  config: Readonly<Record<string, unknown>>,
  known: NodeProperties | undefined,
) {
  return {
    config,
    description: known?.description ?? '',
    columns: known?.columns ?? {},
    tests: known?.tests ?? [],
    tags: listOf(config.tags as string | string[] | undefined),
    meta: (config.meta ?? {}) as Data,
    docs: (config.docs ?? {}) as Data,
  };
}

function distinct<T>(items: readonly T[]): T[] {
  return [...new Map(items.map((item) => [JSON.stringify(item), item])).values()];
}

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
