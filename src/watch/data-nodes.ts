import type { Project } from '../project/project.js';
import { materializedOf } from '../run/lineage.js';
import { TRANSFORMED } from '../run/transform.js';

/** Those that follow from the files of the project alone: nothing that is landed changes them. */
const OF_THE_PROJECT = ['view', 'seed', 'ephemeral'];

/** The nodes that hold data, by unique id: what a run leaves as it is where they are left out. */
export function dataNodes(project: Project): Set<string> {
  const ids = [...project.nodes.values()].flatMap((node) =>
    TRANSFORMED.has(node.resourceType) && !OF_THE_PROJECT.includes(materializedOf(node))
      ? [node.uniqueId]
      : [],
  );
  return new Set(ids);
}
