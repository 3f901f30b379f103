import type { Dict } from '../../jinja/python/values.js';
import type { ProjectNode } from '../nodes.js';
import type { Project } from '../project.js';

/** What Jinja's `model` and `graph` tell of a node, by dbt's names. */
export function nodeFacts(node: ProjectNode): Dict {
  return {
    name: node.name,
    unique_id: node.uniqueId,
    resource_type: node.resourceType,
    package_name: node.fqn[0],
    fqn: [...node.fqn],
    alias: node.relation.identifier,
    schema: node.relation.schema,
    path: node.path,
    original_file_path: node.path,
    description: node.description,
    config: node.config,
    tags: [...node.tags],
    meta: node.meta,
    columns: Object.fromEntries(
      Object.values(node.columns).map(({ name, description, dataType }) => [
        name,
        { name, description, data_type: dataType ?? null },
      ]),
    ),
    ...('dependsOn' in node ? { depends_on: { nodes: [...node.dependsOn] } } : {}),
    ...('rawCode' in node ? { raw_code: node.rawCode } : {}),
    ...('checksum' in node ? { checksum: { name: 'sha256', checksum: node.checksum } } : {}),
    ...(node.resourceType === 'source'
      ? { source_name: node.sourceName, identifier: node.relation.identifier }
      : {}),
  };
}

const GRAPHS = new WeakMap<Project, Dict>();

/** What Jinja's `graph` tells: made once for a project, since it names all nodes. */
export function graphFacts(project: Project): Dict {
  const known = GRAPHS.get(project);
  if (known !== undefined) return known;
  const facts = (sources: boolean) =>
    Object.fromEntries(
      [...project.nodes.values()]
        .filter((node) => (node.resourceType === 'source') === sources)
        .map((node) => [node.uniqueId, nodeFacts(node)]),
    );
  const graph = { nodes: facts(false), sources: facts(true), exposures: {}, metrics: {} };
  GRAPHS.set(project, graph);
  return graph;
}
