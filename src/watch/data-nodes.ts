import { ancestorsOf } from '../project/graph.js';
import type { Project } from '../project/project.js';
import { materializedOf } from '../run/lineage.js';
import { TRANSFORMED } from '../run/transform.js';
import { notifyingModel } from './alerts/notices.js';

/** Those that follow from the files of the project alone: nothing that is landed changes them. */
const OF_THE_PROJECT = ['view', 'seed', 'ephemeral'];

/** The nodes that hold data, by unique id: what a run leaves as it is where they are left out. */
function dataNodes(project: Project): Set<string> {
  const ids = [...project.nodes.values()].flatMap((node) =>
    TRANSFORMED.has(node.resourceType) && !OF_THE_PROJECT.includes(materializedOf(node))
      ? [node.uniqueId]
      : [],
  );
  return new Set(ids);
}

/**
 * The nodes that hold data, in two parts that are run one after the other: first those that alerts
 * follow from, so that these need not share the machine with all else.
 */
export function dataNodesByUrgency(project: Project): Set<string>[] {
  const nodes = dataNodes(project);
  const model = notifyingModel(project);
  const above =
    model === undefined ? new Set<string>() : ancestorsOf(project.nodes, model.uniqueId);
  const urgent = new Set([...nodes].filter((id) => above.has(id)));
  const others = new Set([...nodes].filter((id) => !above.has(id)));
  return [urgent, others].filter(({ size }) => size > 0);
}
