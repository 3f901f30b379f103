import { ancestorsOf, childrenByNode, reach } from '../project/graph.js';
import type { ModelNode, ProjectNode } from '../project/nodes.js';
import type { Project } from '../project/project.js';

/** What a node's line calls it: its materialization, or what else it is. */
export function materializedOf(node: ProjectNode): string {
  return node.resourceType === 'model' ? String(node.config.materialized) : node.resourceType;
}

/** Whether a model, or what it reads, takes landed batches as they come. */
export function readsNewRows(project: Project, node: ModelNode): boolean {
  return [node.uniqueId, ...ancestorsOf(project.nodes, node.uniqueId)].some((id) => {
    const found = project.nodes.get(id);
    return found?.resourceType === 'model' && found.usesNewRows;
  });
}

/** Continuous aggregates that read a model directly, or through other continuous aggregates. */
export function aggregatesOver(project: Project, node: ModelNode): ModelNode[] {
  const children = childrenByNode(project.nodes);
  const isAggregate = (found: ProjectNode | undefined): found is ModelNode =>
    found?.resourceType === 'model' && materializedOf(found) === 'continuous_aggregate';
  const reached = reach(node.uniqueId, (id) =>
    (children.get(id) ?? []).filter((child) => isAggregate(project.nodes.get(child))),
  );
  return project.order
    .filter((id) => reached.has(id))
    .map((id) => project.nodes.get(id))
    .filter(isAggregate);
}
