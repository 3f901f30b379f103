import { ancestorsOf, childrenByNode, reach } from '../project/graph.js';
import type { ModelNode, ProjectNode } from '../project/nodes.js';
import { nodeOf, type Project } from '../project/project.js';
import { isEphemeral } from '../project/templates/ephemeral.js';

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

/** The models that a model reads, also through others. */
export function modelsAbove(project: Project, node: ModelNode): ModelNode[] {
  return [...ancestorsOf(project.nodes, node.uniqueId)].flatMap((id) => {
    const found = project.nodes.get(id);
    return found?.resourceType === 'model' && !isEphemeral(found) ? [found] : [];
  });
}

/** Continuous aggregates that read a model directly, or through other continuous aggregates. */
export function aggregatesOver(project: Project, node: ModelNode): ModelNode[] {
  const children = childrenByNode(project.nodes);
  const reached = reach(node.uniqueId, (id) =>
    (children.get(id) ?? []).filter((child) => isAggregate(nodeOf(project, child))),
  );
  return project.order
    .filter((id) => reached.has(id))
    .map((id) => nodeOf(project, id))
    .filter(isAggregate);
}

/** Continuous aggregates that a model reads, itself or through ephemeral models. */
export function aggregatesUnder(project: Project, node: ModelNode): ModelNode[] {
  return node.dependsOn
    .map((id) => nodeOf(project, id))
    .flatMap((parent) => {
      if (parent.resourceType !== 'model') return [];
      if (isEphemeral(parent)) return aggregatesUnder(project, parent);
      return isAggregate(parent) ? [parent] : [];
    });
}

function isAggregate(node: ProjectNode): node is ModelNode {
  return node.resourceType === 'model' && materializedOf(node) === 'continuous_aggregate';
}
