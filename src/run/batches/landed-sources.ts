import { BeltError } from '../../errors.js';
import { ancestorsOf } from '../../project/graph.js';
import type { ModelNode, ProjectNode, SourceNode } from '../../project/nodes.js';
import type { Project } from '../../project/project.js';
import type { Relation } from '../../project/relation.js';
import { RAW_SCHEMA } from '../../raw/raw-table.js';
import type { Resource } from '../../raw/resource.js';
import { RESOURCES } from '../../raw/resources.js';

/** How the name of a view in the schema raw begins: the rows of landed batches of a table. */
const LANDED = 'landed_';

/**
 * Throws a BeltError for the first model that asks for new rows of what belt does not land: it would
 * be given none, ever, and the ledger would say that it had processed every batch.
 */
export function checkNewRows(project: Project): void {
  for (const node of project.nodes.values()) {
    if (node.resourceType !== 'model' && node.resourceType !== 'snapshot') continue;
    for (const id of node.newRowsOf) {
      const sources = [id, ...ancestorsOf(project.nodes, id)]
        .map((ancestor) => project.nodes.get(ancestor))
        .filter((ancestor) => ancestor?.resourceType === 'source');
      if (sources.some(isLanded)) continue;
      throw new BeltError(
        `${node.name} asks for new_rows() of ${project.nodes.get(id)?.name}, which holds no response that belt lands: no row of it is ever new.`,
        {
          location: { file: node.path },
          hint: `Read ${RESOURCES.map(({ table }) => `${RAW_SCHEMA}.${table}`).join(', ')} or a view over it; or take new_rows() away.`,
        },
      );
    }
  }
}

/** The resources whose responses a model asks for by new_rows(), itself or through views. */
export function landedResources(project: Project, node: ModelNode): Resource[] {
  const sources = new Set(
    node.newRowsOf
      .flatMap((id) => [id, ...ancestorsOf(project.nodes, id)])
      .map((id) => {
        const found = project.nodes.get(id);
        return found?.resourceType === 'source' && isLanded(found)
          ? found.relation.identifier
          : undefined;
      }),
  );
  return RESOURCES.filter(({ table }) => sources.has(table));
}

/** What a source of landed responses is read from: those that count. */
export function landedRelation(node: ProjectNode): Relation | undefined {
  return node.resourceType === 'source' && isLanded(node)
    ? { ...node.relation, identifier: `${LANDED}${node.relation.identifier}` }
    : undefined;
}

/** The table of a relation that `landedRelation` gave: who knows batches that count reads it. */
export function tableOf(relation: Relation): Relation {
  const { schema, identifier } = relation;
  if (schema !== RAW_SCHEMA || !identifier.startsWith(LANDED)) return relation;
  return { ...relation, identifier: identifier.slice(LANDED.length) };
}

function isLanded({ relation }: SourceNode): boolean {
  return (
    relation.schema === RAW_SCHEMA && RESOURCES.some(({ table }) => table === relation.identifier)
  );
}
