import { escapeIdentifier } from 'pg';
import { childrenByNode } from '../project/graph.js';
import type {
  ColumnProperties,
  ModelNode,
  ProjectNode,
  SeedNode,
  SourceNode,
  TestNode,
  UnitTestNode,
} from '../project/nodes.js';
import type { Project } from '../project/project.js';
import { isMap } from '../project/reading/yaml-file.js';
import { renderRelation } from '../project/relation.js';
import { hooksOf } from '../project/templates/hooks.js';
import { namesConfig } from '../run/relations/model-config.js';
import { artifactMetadata } from './metadata.js';

/** The project as target/manifest.json tells it, in the shape of dbt's schema v12. */
export function manifestOf(
  project: Project,
  invocationId: string,
  compiled: ReadonlyMap<string, string>,
): Record<string, unknown> {
  const nodes = [...project.nodes.values()];
  const children = childrenByNode(project.nodes);
  const entries = (wanted: (node: ProjectNode) => boolean) =>
    Object.fromEntries(
      nodes
        .filter(wanted)
        .map((node) => [node.uniqueId, entryOf(project, node, compiled.get(node.uniqueId))]),
    );
  return {
    metadata: {
      ...artifactMetadata('manifest/v12', invocationId),
      project_name: project.name,
      project_id: null,
      user_id: null,
      send_anonymous_usage_stats: false,
      adapter_type: 'postgres',
      quoting: { database: true, schema: true, identifier: true, column: null },
    },
    nodes: entries(({ resourceType }) => resourceType !== 'source' && resourceType !== 'unit_test'),
    sources: entries(({ resourceType }) => resourceType === 'source'),
    macros: Object.fromEntries(
      project.macros.map(({ name, path, text }) => {
        const uniqueId = `macro.${project.name}.${name}`;
        return [
          uniqueId,
          {
            name,
            resource_type: 'macro',
            package_name: project.name,
            path,
            original_file_path: path,
            unique_id: uniqueId,
            macro_sql: text,
            depends_on: { macros: [] },
            description: '',
            meta: {},
            docs: { show: true, node_color: null },
            patch_path: null,
            arguments: [],
            created_at: 0,
            supported_languages: null,
          },
        ];
      }),
    ),
    docs: Object.fromEntries(
      [...project.docs.values()].map(({ name, path, pathBelowRoot, text }) => {
        const uniqueId = `doc.${project.name}.${name}`;
        return [
          uniqueId,
          {
            name,
            resource_type: 'doc',
            package_name: project.name,
            path: pathBelowRoot,
            original_file_path: path,
            unique_id: uniqueId,
            block_contents: text,
          },
        ];
      }),
    ),
    exposures: {},
    metrics: {},
    groups: {},
    selectors: {},
    disabled: {},
    parent_map: Object.fromEntries(
      nodes.map((node) => [node.uniqueId, 'dependsOn' in node ? [...node.dependsOn] : []]),
    ),
    child_map: Object.fromEntries(children),
    group_map: {},
    saved_queries: {},
    semantic_models: {},
    unit_tests: entries(({ resourceType }) => resourceType === 'unit_test'),
    functions: {},
  };
}

function entryOf(
  project: Project,
  node: ProjectNode,
  compiledCode: string | undefined,
): Record<string, unknown> {
  switch (node.resourceType) {
    case 'source':
      return sourceEntry(project, node);
    case 'unit_test':
      return unitTestEntry(project, node);
    default:
      return nodeEntry(project, node, compiledCode);
  }
}

/** What all entries begin with. */
function headOf(project: Project, node: ProjectNode) {
  return {
    name: node.name,
    resource_type: node.resourceType,
    package_name: project.name,
    path: pathBelowRoot(project, node.path),
    original_file_path: node.path,
    unique_id: node.uniqueId,
    fqn: [...node.fqn],
  };
}

function pathBelowRoot({ config }: Project, path: string): string {
  const roots = [
    ...config.modelPaths,
    ...config.seedPaths,
    ...config.snapshotPaths,
    ...config.testPaths,
  ];
  const root = roots.find((one) => path.startsWith(`${one}/`));
  return root === undefined ? path : path.slice(root.length + 1);
}

function nodeEntry(
  project: Project,
  node: ModelNode | SeedNode | TestNode,
  compiledCode: string | undefined,
): Record<string, unknown> {
  const { relation } = node;
  const isTest = node.resourceType === 'test';
  const hasTable = !isTest && node.config.materialized !== 'ephemeral';
  return {
    database: relation.database ?? project.target.database,
    schema: relation.schema,
    ...headOf(project, node),
    alias: relation.identifier,
    checksum: { name: 'sha256', checksum: node.checksum },
    config: configEntry(node),
    tags: [...node.tags],
    description: node.description,
    columns: columnEntries(node.columns),
    meta: node.meta,
    group: null,
    docs: { show: true, node_color: null, ...node.docs },
    patch_path: null,
    build_path: null,
    unrendered_config: node.config,
    created_at: 0,
    relation_name: hasTable
      ? `${escapeIdentifier(project.target.database)}.${renderRelation(relation)}`
      : null,
    raw_code: 'rawCode' in node ? node.rawCode : '',
    doc_blocks: [],
    ...(node.resourceType === 'seed'
      ? seedParts(project)
      : templateParts(project, node, compiledCode)),
    ...(node.resourceType === 'model' ? modelParts(node) : {}),
    ...(isTest ? testParts(node) : {}),
  };
}

function seedParts({ projectDir }: Project) {
  return { root_path: projectDir, depends_on: { macros: [] } };
}

function templateParts(
  project: Project,
  node: ModelNode | TestNode,
  compiledCode: string | undefined,
) {
  return {
    language: 'sql',
    refs: node.refs.map((ref) => ({ name: ref.name, package: ref.package ?? null, version: null })),
    sources: node.sources.map((source) => [...source]),
    metrics: [],
    functions: [],
    depends_on: {
      macros: node.macros.map((name) => `macro.${project.name}.${name}`),
      nodes: [...node.dependsOn],
    },
    compiled_path: compiledCode === undefined ? null : compiledPath(project, node),
    compiled: compiledCode !== undefined,
    ...(compiledCode === undefined ? {} : { compiled_code: compiledCode }),
    extra_ctes_injected: compiledCode !== undefined,
    extra_ctes: [],
    contract: {
      enforced: isMap(node.config.contract) && node.config.contract.enforced === true,
      alias_types: true,
      checksum: null,
    },
  };
}

/** Where a node's compiled SQL is written, below the folder of the artifacts. */
export function compiledPath(project: Project, node: ProjectNode): string {
  const file = node.path.endsWith('.sql')
    ? node.path
    : `${node.path}/${node.relation.identifier}.sql`;
  return `compiled/${project.name}/${file}`;
}

function modelParts(node: ModelNode) {
  return {
    access: 'protected',
    constraints: node.config.constraints ?? [],
    version: null,
    latest_version: null,
    deprecation_date: null,
    primary_key: namesConfig(node, 'unique_key'),
    time_spine: null,
  };
}

function testParts(node: TestNode) {
  return {
    column_name: node.columnName ?? null,
    file_key_name: null,
    attached_node: node.attachedNode ?? null,
    ...(node.generic === undefined
      ? {}
      : {
          test_metadata: {
            name: node.generic.name,
            kwargs: { ...node.generic.arguments, column_name: node.columnName ?? null },
            namespace: null,
          },
        }),
  };
}

/** The configs that dbt has for every node, with what the project sets over them. */
function configEntry(node: ProjectNode): Record<string, unknown> {
  const own: Record<string, unknown> = { ...node.config };
  delete own.pre_hook;
  delete own.post_hook;
  if (node.resourceType === 'test') {
    return {
      enabled: true,
      alias: null,
      schema: 'dbt_test__audit',
      database: null,
      tags: [...node.tags],
      meta: node.meta,
      group: null,
      materialized: 'test',
      severity: 'ERROR',
      store_failures: null,
      store_failures_as: null,
      where: null,
      limit: null,
      fail_calc: 'count(*)',
      warn_if: '!= 0',
      error_if: '!= 0',
      ...own,
    };
  }
  const hooks = (key: 'pre_hook' | 'post_hook') =>
    hooksOf(node.config, key).map((sql) => ({ sql, transaction: true, index: null }));
  return {
    enabled: true,
    alias: null,
    schema: null,
    database: null,
    group: null,
    materialized: node.resourceType === 'model' ? 'view' : node.resourceType,
    incremental_strategy: null,
    batch_size: null,
    lookback: 1,
    begin: null,
    persist_docs: {},
    'pre-hook': hooks('pre_hook'),
    'post-hook': hooks('post_hook'),
    quoting: {},
    column_types: {},
    full_refresh: null,
    unique_key: null,
    on_schema_change: 'ignore',
    on_configuration_change: 'apply',
    grants: {},
    packages: [],
    docs: { show: true, node_color: null },
    contract: { enforced: false, alias_types: true },
    event_time: null,
    concurrent_batches: null,
    ...own,
    tags: [...node.tags],
    meta: node.meta,
    ...(node.resourceType === 'model' ? { access: 'protected', freshness: null } : {}),
  };
}

function columnEntries(columns: Readonly<Record<string, ColumnProperties>>) {
  return Object.fromEntries(
    Object.values(columns).map((column) => [
      column.name,
      {
        name: column.name,
        description: column.description,
        meta: column.meta,
        data_type: column.dataType ?? null,
        constraints: column.constraints,
        quote: column.quote || null,
        config: { meta: column.meta, tags: [...column.tags] },
        tags: [...column.tags],
        granularity: null,
        doc_blocks: [],
      },
    ]),
  );
}

function sourceEntry(project: Project, node: SourceNode): Record<string, unknown> {
  const { relation } = node;
  return {
    database: relation.database ?? project.target.database,
    schema: relation.schema,
    ...headOf(project, node),
    source_name: node.sourceName,
    source_description: node.sourceDescription,
    loader: '',
    identifier: relation.identifier,
    quoting: { database: null, schema: null, identifier: null, column: null },
    loaded_at_field: node.loadedAtField ?? null,
    loaded_at_query: null,
    freshness: freshnessEntry(node),
    external: null,
    description: node.description,
    columns: columnEntries(node.columns),
    meta: node.meta,
    source_meta: {},
    tags: [...node.tags],
    config: { enabled: true, ...node.config },
    patch_path: null,
    unrendered_config: node.config,
    relation_name: `${escapeIdentifier(project.target.database)}.${renderRelation(relation)}`,
    created_at: 0,
    unrendered_database: null,
    unrendered_schema: null,
    doc_blocks: [],
  };
}

function freshnessEntry(node: SourceNode) {
  if (node.freshness === undefined) return null;
  const threshold = (value: unknown) => (isMap(value) ? value : { count: null, period: null });
  return {
    warn_after: threshold(node.freshness.warn_after),
    error_after: threshold(node.freshness.error_after),
    filter: node.freshness.filter ?? null,
  };
}

function unitTestEntry(project: Project, node: UnitTestNode): Record<string, unknown> {
  const fixture = ({ format, sql, rows }: UnitTestNode['expected']) => ({
    format,
    rows: sql ?? rows,
    fixture: null,
  });
  return {
    ...headOf(project, node),
    model: project.nodes.get(node.modelId)?.name ?? '',
    given: node.given.map((given) => ({ input: given.input, ...fixture(given.fixture) })),
    expect: fixture(node.expected),
    overrides: {
      macros: node.overrides.macros,
      vars: node.overrides.vars,
      env_vars: node.overrides.envVars,
    },
    description: node.description,
    depends_on: { macros: [], nodes: [...node.dependsOn] },
    config: { tags: [...node.tags], meta: node.meta, enabled: true },
    checksum: null,
    schema: node.relation.schema,
    created_at: 0,
    versions: null,
    version: null,
  };
}
