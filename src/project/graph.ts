import type { ProjectNode } from './nodes.js';

type Nodes = ReadonlyMap<string, ProjectNode>;

/** What a node reads, by unique id. */
function parentsOf(nodes: Nodes, id: string): readonly string[] {
  const node = nodes.get(id);
  return node === undefined || !('dependsOn' in node) ? [] : node.dependsOn;
}

/** For each node, those that read it. */
export function childrenByNode(nodes: Nodes): Map<string, string[]> {
  const children = new Map<string, string[]>([...nodes.keys()].map((id) => [id, []]));
  for (const id of nodes.keys()) {
    for (const parent of parentsOf(nodes, id)) children.get(parent)?.push(id);
  }
  return children;
}

/** All that can be reached from `start` in at most `depth` steps, without `start` itself. */
export function reach(
  start: string,
  next: (id: string) => readonly string[],
  depth = Number.POSITIVE_INFINITY,
): Set<string> {
  const reached = new Set<string>();
  let frontier = [start];
  for (let step = 0; step < depth && frontier.length > 0; step++) {
    frontier = frontier
      .flatMap(next)
      .filter((id) => id !== start && !reached.has(id) && reached.add(id) !== undefined);
  }
  return reached;
}

/** All that a node reads, directly or in at most `depth` steps. */
export function ancestorsOf(nodes: Nodes, id: string, depth?: number): Set<string> {
  return reach(id, (at) => parentsOf(nodes, at), depth);
}

/** All that reads a node, directly or in at most `depth` steps; `children` is childrenByNode(). */
export function descendantsOf(
  children: ReadonlyMap<string, readonly string[]>,
  id: string,
  depth?: number,
): Set<string> {
  return reach(id, (at) => children.get(at) ?? [], depth);
}

/** Models and seeds, each after what it reads; those that are free to run come in order of path. */
export function topologicalOrder(nodes: Nodes): string[] {
  const runnable = [...nodes.values()].filter((node) => node.resourceType !== 'source');
  const waiting = new Map(
    runnable.map((node) => [
      node.uniqueId,
      parentsOf(nodes, node.uniqueId).filter(
        (parent) => nodes.get(parent)?.resourceType !== 'source',
      ).length,
    ]),
  );
  const children = childrenByNode(nodes);
  const byPath = (a: string, b: string) =>
    (nodes.get(a)?.path ?? '') < (nodes.get(b)?.path ?? '') ? -1 : 1;
  const free = runnable
    .map((node) => node.uniqueId)
    .filter((id) => waiting.get(id) === 0)
    .sort(byPath);
  const order: string[] = [];
  for (let id = free.shift(); id !== undefined; id = free.shift()) {
    order.push(id);
    const freed = (children.get(id) ?? []).filter((child) => {
      const left = (waiting.get(child) ?? 0) - 1;
      waiting.set(child, left);
      return left === 0;
    });
    if (freed.length > 0) {
      free.push(...freed);
      free.sort(byPath);
    }
  }
  return order;
}

/** A cycle as a path that ends where it begins, or undefined if there is none. */
export function findCycle(nodes: Nodes): string[] | undefined {
  const done = new Set<string>();
  const path: string[] = [];
  function visit(id: string): string[] | undefined {
    if (done.has(id)) return undefined;
    const at = path.indexOf(id);
    if (at >= 0) return [...path.slice(at), id];
    path.push(id);
    for (const parent of parentsOf(nodes, id)) {
      const cycle = visit(parent);
      if (cycle !== undefined) return cycle;
    }
    path.pop();
    done.add(id);
    return undefined;
  }
  for (const id of nodes.keys()) {
    const cycle = visit(id);
    if (cycle !== undefined) return cycle;
  }
  return undefined;
}
