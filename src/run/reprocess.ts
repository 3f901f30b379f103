import { randomUUID } from 'node:crypto';
import type { PoolClient } from 'pg';
import type { Database } from '../database/open-database.js';
import { BeltError } from '../errors.js';
import type { ModelNode } from '../project/nodes.js';
import type { Project } from '../project/project.js';
import { readFindings } from '../status/findings.js';
import { explainFault } from './explain-fault.js';
import type { ModelOutcome, TimeWindow } from './materializations/model-context.js';
import { eventTimeOf, rebuildWindow, rerunWindow } from './materializations/rebuild-window.js';
import { findRelation } from './relations/catalog.js';
import { choiceConfig } from './relations/model-config.js';
import { isGood, type NodeResult, type RunListener } from './run-events.js';
import { aggregatesOver, materializedOf, modelContext, type NodeRun } from './run-node.js';
import { finishRun, startRun } from './run-record.js';
import { withTransformSession } from './session.js';
import { refreshWindow } from './timescale/refresh.js';
import type { TransformSummary } from './transform.js';

export interface ReprocessOptions {
  readonly window: TimeWindow;
  readonly selected: ReadonlySet<string>;
  readonly unmatched: readonly string[];
  readonly failFast: boolean;
  readonly signal: AbortSignal;
}

/** What a window does to a model. */
type WindowWork = 'rebuild' | 'rerun' | 'refresh';

/**
 * Rebuilds a window of event time from raw: of the selected models that read new rows and have a
 * column of event time. The continuous aggregates over them are refreshed in it, and nothing else.
 */
export function reprocess(
  database: Database,
  project: Project,
  options: ReprocessOptions,
  listener: RunListener,
): Promise<TransformSummary> {
  const works = windowWorks(project, options.selected);
  return withTransformSession(database, listener.onWait, async (client) => {
    const start = performance.now();
    const run: NodeRun = {
      project,
      listener,
      command: 'transform',
      fullRefresh: false,
      eventTime: options.window,
      retried: new Map(),
      storeFailures: false,
      signal: options.signal,
      runId: randomUUID(),
      startedAt: new Date(),
      checkpoints: database.embedded !== undefined,
      rebuilt: new Set(),
    };
    await startRun(client, run.runId, 'transform', false);
    listener.onStart(works.length);
    const results: NodeResult[] = [];
    const bad = new Set<string>();
    for (const [index, [node, work]] of works.entries()) {
      if (options.signal.aborted || (options.failFast && bad.size > 0)) break;
      listener.onNodeStart(index + 1, works.length, node.name, materializedOf(node));
      const cause = node.dependsOn.find((id) => bad.has(id));
      const result = await perform(run, client, node, work, options.window, cause);
      if (!isGood(result.status)) bad.add(node.uniqueId);
      results.push(result);
      listener.onNodeEnd(index + 1, works.length, result);
    }
    const interrupted = options.signal.aborted;
    const status = interrupted ? 'interrupted' : bad.size > 0 ? 'error' : 'success';
    await finishRun(client, run.runId, status, results);
    return {
      runId: run.runId,
      startedAt: run.startedAt.toISOString(),
      results,
      policies: [],
      unmatched: options.unmatched,
      interrupted,
      ...(await readFindings(client, project.target.schema)),
      seconds: (performance.now() - start) / 1000,
    };
  });
}

/** The models that a window concerns, in the order of their references. */
export function windowWorks(
  project: Project,
  selected: ReadonlySet<string>,
): [ModelNode, WindowWork][] {
  const works = new Map<string, WindowWork>();
  for (const id of selected) {
    const node = project.nodes.get(id);
    if (node?.resourceType !== 'model' || !node.usesNewRows) continue;
    const fallback = eventTimeOf(node) === undefined ? 'skip' : 'rebuild';
    const work = choiceConfig(node, 'on_window', ['rebuild', 'rerun', 'skip'], fallback);
    if (work === 'skip') continue;
    if (work === 'rebuild' && eventTimeOf(node) === undefined) {
      throw new BeltError(`${node.name} has no column of event time to rebuild a window by.`, {
        location: { file: node.path },
        hint: "Name it in config(): event_time='ts'.",
      });
    }
    works.set(id, work);
    for (const aggregate of aggregatesOver(project, node)) works.set(aggregate.uniqueId, 'refresh');
  }
  return project.order.flatMap((id): [ModelNode, WindowWork][] => {
    const work = works.get(id);
    return work === undefined ? [] : [[project.nodes.get(id) as ModelNode, work]];
  });
}

async function perform(
  run: NodeRun,
  client: PoolClient,
  node: ModelNode,
  work: WindowWork,
  window: TimeWindow,
  cause: string | undefined,
): Promise<NodeResult> {
  const start = performance.now();
  const base = {
    uniqueId: node.uniqueId,
    name: node.name,
    materialized: materializedOf(node),
    startedAt: new Date().toISOString(),
    thread: 1,
  };
  const seconds = () => (performance.now() - start) / 1000;
  if (cause !== undefined) {
    const parent = run.project.nodes.get(cause)?.name ?? cause;
    const message = `SKIP because ${parent} did not succeed`;
    return { ...base, status: 'skipped', message, seconds: 0 };
  }
  try {
    const outcome = await workOn(run, client, node, work, window);
    return { ...base, status: 'success', ...outcome, seconds: seconds() };
  } catch (error) {
    return {
      ...base,
      status: 'error',
      ...explainFault(error, node, 'transform'),
      seconds: seconds(),
    };
  }
}

async function workOn(
  run: NodeRun,
  client: PoolClient,
  node: ModelNode,
  work: WindowWork,
  window: TimeWindow,
): Promise<ModelOutcome> {
  const kind = await findRelation(client, node.relation);
  if (kind === undefined) {
    throw new BeltError(`${node.name} is not there yet, so it has no window to rebuild.`, {
      location: { file: node.path },
      hint: `Build it first: \`belt transform --select +${node.name}\`.`,
    });
  }
  const context = modelContext(run, client, node);
  switch (work) {
    case 'rebuild':
      return rebuildWindow(context, window);
    case 'rerun':
      return rerunWindow(context, window);
    case 'refresh':
      await refreshWindow(client, node.relation, window);
      return { message: 'REFRESH 1 window' };
  }
}
