import type { ProjectNode } from '../project/nodes.js';
import type { Project } from '../project/project.js';

/**
 * What each of the chosen nodes must wait for among them: what it reads, also through nodes that
 * are not chosen. With `testsBlock`, also the tests of what it reads, and a model its unit tests.
 */
export function prerequisites(
  project: Project,
  chosen: readonly string[],
  testsBlock: boolean,
): Map<string, Set<string>> {
  const isChosen = new Set(chosen);
  const nearest = new Map<string, Set<string>>();
  const parentsOf = (id: string) => dependenciesOf(project, project.nodes.get(id));
  const nearestOf = (id: string): Set<string> => {
    const known = nearest.get(id);
    if (known !== undefined) return known;
    const found = new Set<string>();
    nearest.set(id, found);
    for (const parent of parentsOf(id)) {
      if (isChosen.has(parent)) found.add(parent);
      else for (const above of nearestOf(parent)) found.add(above);
    }
    return found;
  };
  const result = new Map(chosen.map((id) => [id, new Set(nearestOf(id))]));
  if (testsBlock) addTests(project, chosen, result);
  return result;
}

function dependenciesOf(project: Project, node: ProjectNode | undefined): readonly string[] {
  // a unit test runs before the model that it is of, but after what gives the types of its rows
  if (node?.resourceType === 'unit_test') {
    return dependenciesOf(project, project.nodes.get(node.modelId));
  }
  return node !== undefined && 'dependsOn' in node ? node.dependsOn : [];
}

function addTests(
  project: Project,
  chosen: readonly string[],
  waits: ReadonlyMap<string, Set<string>>,
): void {
  const ancestors = new Map<string, Set<string>>();
  const ancestorsOf = (id: string): Set<string> => {
    const known = ancestors.get(id);
    if (known !== undefined) return known;
    const found = new Set<string>();
    ancestors.set(id, found);
    for (const parent of waits.get(id) ?? []) {
      found.add(parent);
      for (const above of ancestorsOf(parent)) found.add(above);
    }
    return found;
  };
  const isTest = (id: string) => project.nodes.get(id)?.resourceType === 'test';
  const additions: [string, string][] = [];
  for (const id of chosen) {
    const node = project.nodes.get(id);
    if (node?.resourceType === 'unit_test') {
      if (waits.has(node.modelId)) additions.push([node.modelId, id]);
      continue;
    }
    if (!isTest(id)) continue;
    const tested = [...(waits.get(id) ?? [])];
    if (tested.length === 0) continue;
    for (const other of chosen) {
      if (isTest(other) || tested.includes(other)) continue;
      const above = ancestorsOf(other);
      if (tested.every((one) => above.has(one))) additions.push([other, id]);
    }
  }
  for (const [id, prerequisite] of additions) waits.get(id)?.add(prerequisite);
}

/**
 * Runs jobs on the thread of who asks, and on others while no node waits for them. Gives the faults
 * of those that failed; the others are run all the same.
 */
export type Share = <T>(
  jobs: readonly T[],
  work: (job: T, thread: number) => Promise<void>,
) => Promise<unknown[]>;

/** Begins a job on a thread, and gives its end; undefined where none is left. */
type NextJob = () => ((thread: number) => Promise<void>) | undefined;

/**
 * Runs each id once, after all that it waits for, up to `threads` of them at a time; those that are
 * free run in the order given, and what is left of the threads takes jobs that are shared. Ends
 * early when `isStopped` says so.
 */
export async function runInOrder(
  order: readonly string[],
  waits: ReadonlyMap<string, ReadonlySet<string>>,
  threads: number,
  isStopped: () => boolean,
  run: (id: string, thread: number, share: Share) => Promise<void>,
): Promise<void> {
  const waiting = new Map(order.map((id) => [id, new Set(waits.get(id))]));
  const freeThreads = Array.from({ length: threads }, (_, index) => threads - 1 - index);
  const running = new Set<Promise<void>>();
  const shared = new Set<NextJob>();
  let offer: () => void = () => undefined;
  const start = (work: (thread: number) => Promise<void>) => {
    const thread = freeThreads.pop() as number;
    const ended = work(thread).finally(() => {
      running.delete(ended);
      freeThreads.push(thread);
    });
    running.add(ended);
  };
  const shareOn =
    (own: number): Share =>
    async (jobs, work) => {
      const { next, faults, ended } = queueOf(jobs, work);
      shared.add(next);
      offer();
      for (let job = next(); job !== undefined; job = next()) await job(own);
      shared.delete(next);
      await ended();
      return faults;
    };
  for (;;) {
    for (const [id, open] of waiting) {
      if (freeThreads.length === 0 || isStopped()) break;
      if (open.size > 0) continue;
      waiting.delete(id);
      start((thread) =>
        run(id, thread, shareOn(thread)).finally(() => {
          for (const others of waiting.values()) others.delete(id);
        }),
      );
    }
    for (const next of shared) {
      while (freeThreads.length > 0 && !isStopped()) {
        const job = next();
        if (job === undefined) break;
        start(job);
      }
    }
    if (running.size === 0) return;
    const offered = new Promise<void>((done) => {
      offer = done;
    });
    await Promise.race([...running, offered]);
  }
}

function queueOf<T>(jobs: readonly T[], work: (job: T, thread: number) => Promise<void>) {
  const left = [...jobs];
  const begun: Promise<void>[] = [];
  const faults: unknown[] = [];
  const next: NextJob = () => {
    if (left.length === 0) return undefined;
    const job = left.shift() as T;
    return (thread) => {
      const end = work(job, thread).catch((fault: unknown) => {
        faults.push(fault);
      });
      begun.push(end);
      return end;
    };
  };
  return { next, faults, ended: () => Promise.all(begun) };
}
