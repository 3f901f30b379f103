import { randomUUID } from 'node:crypto';
import type { PoolClient } from 'pg';
import { BeltError } from '../errors.js';
import type { ModelNode, ProjectNode } from '../project/nodes.js';
import { nodeOf, type Project } from '../project/project.js';
import { isEphemeral } from '../project/templates/ephemeral.js';
import { landedBatches, slicesOf } from '../run/batches/slices.js';
import { eventTimeOf, type TimeWindow } from '../run/batches/time-window.js';
import { cutWindow } from '../run/batches/window-batches.js';
import { windowWorks } from '../run/batches/window-works.js';
import { sizeOf } from '../run/catalog/chunks.js';
import { findRelation } from '../run/catalog/relations.js';
import { materializedOf } from '../run/lineage.js';
import { type Action, type Decision, refused } from '../run/materializations/decision.js';
import { decideByRaw, missingOfWindow } from '../run/materializations/hold-against-raw.js';
import { materializationOf } from '../run/materializations/index.js';
import type { ModelContext } from '../run/materializations/model-context.js';
import { decideSeed } from '../run/materializations/seed.js';
import { lanesOfModel } from '../run/materializations/write-pieces.js';
import { modelContext, type NodeRun } from '../run/node-run.js';
import { prerequisites } from '../run/schedule.js';
import { bytesAReading } from './sizes.js';

export interface PlannedNode {
  readonly uniqueId: string;
  readonly name: string;
  readonly materialized: string;
  readonly action: Action | 'skipped';
  /** Why, for people. */
  readonly reasons: readonly string[];
  /** Landed batches that it has still to process, or batches of a window. */
  readonly batches: number;
  readonly documents: number;
  readonly readings: number;
  /** Disk that it will take, about; of a rebuild, until the old one is dropped. */
  readonly diskBytes: number;
  /** Of a model with parallel_by: transactions that write it, and sessions that can at a time. */
  readonly pieces?: number;
  readonly sessions?: number;
  /** What to do about a refusal. */
  readonly hint?: string;
}

export interface PlanOptions {
  readonly selected: ReadonlySet<string>;
  readonly fullRefresh: boolean;
  readonly allowsMissingRaw: boolean;
  readonly window: TimeWindow | undefined;
  /** Sessions that the transform would have. */
  readonly sessions: number;
}

/** Says what `belt transform` would do, and why; what it does to find out is rolled back. */
export async function planTransform(
  client: PoolClient,
  project: Project,
  options: PlanOptions,
): Promise<PlannedNode[]> {
  const run: NodeRun = {
    project,
    command: 'plan',
    flags: [],
    fullRefresh: options.fullRefresh,
    allowsMissingRaw: options.allowsMissingRaw,
    eventTime: {},
    retried: new Map(),
    storeFailures: false,
    signal: new AbortController().signal,
    listener: {
      onWait: () => undefined,
      onStart: () => undefined,
      onNodeStart: () => undefined,
      onProgress: () => undefined,
      onNodeEnd: () => undefined,
    },
    runId: randomUUID(),
    startedAt: new Date(),
    landed: await landedBatches(client),
    checkpoints: false,
    rebuilt: new Set(),
  };
  await client.query('begin');
  try {
    return options.window === undefined
      ? await planNodes(client, run, options)
      : await planWindow(client, run, options.selected, options.window);
  } finally {
    await client.query('rollback').catch(() => undefined);
  }
}

async function planNodes(
  client: PoolClient,
  run: NodeRun,
  { selected, sessions }: PlanOptions,
): Promise<PlannedNode[]> {
  const { project } = run;
  const planned = new Map<string, PlannedNode>();
  const order = project.order.filter((id) => selected.has(id) && !isEphemeral(nodeOf(project, id)));
  const waits = prerequisites(project, order, false);
  const failing = new Set<string>();
  for (const id of order) {
    const node = nodeOf(project, id);
    const cause = [...(waits.get(id) ?? [])].find((one) => failing.has(one));
    if (cause !== undefined) {
      failing.add(id);
      const reasons = [`${nodeOf(project, cause).name} can't be built`];
      planned.set(id, told(node, { action: 'skipped', reasons }));
    } else if (node.resourceType === 'seed') {
      const decision = await decideSeed(client, node, run.fullRefresh);
      if (decision.refusal !== undefined) failing.add(id);
      planned.set(id, told(node, decision));
    } else if (node.resourceType === 'model' || node.resourceType === 'snapshot') {
      // what is above takes up its batches before
      const context = {
        ...modelContext(run, client, node),
        fedAbove: [],
        sessions,
        ask: asking(client),
      };
      const decision = await decisionOf(context);
      if (decision.refusal !== undefined) failing.add(id);
      for (const { uniqueId } of decision.rebuiltWith) run.rebuilt.add(uniqueId);
      const above = replacedAbove(project, node, planned);
      planned.set(id, told(node, decision, above, await workOf(context, decision)));
    }
  }
  return [...planned.values()];
}

/** What is wrong with a model is no fault of the plan: it tells that nothing can be done with it. */
async function decisionOf(context: ModelContext): Promise<Decision> {
  try {
    return await decideByRaw(context, materializationOf(context.node));
  } catch (error) {
    if (!(error instanceof BeltError)) throw error;
    const situation = { kind: undefined, state: undefined, changes: [] };
    return refused({ ...situation, sqlChanged: false, configChanged: false }, error.message, error);
  }
}

/** Asks what may fail because something upstream is not there yet; undefined then. */
function asking(client: PoolClient): ModelContext['ask'] {
  return async (question) => {
    await client.query('savepoint belt_plan');
    try {
      const answer = await question();
      await client.query('release savepoint belt_plan');
      return answer;
    } catch {
      await client.query('rollback to savepoint belt_plan');
      return undefined;
    }
  };
}

/** Names of what a model reads, also through ephemeral models, that will be another relation. */
function replacedAbove(
  project: Project,
  node: ModelNode,
  planned: ReadonlyMap<string, PlannedNode>,
): string[] {
  return node.dependsOn.flatMap((id) => {
    const found = planned.get(id);
    if (found !== undefined) {
      return ['replace', 'rebuild'].includes(found.action) && found.materialized !== 'table'
        ? [found.name]
        : [];
    }
    const parent = project.nodes.get(id);
    return parent?.resourceType === 'model' && isEphemeral(parent)
      ? replacedAbove(project, parent, planned)
      : [];
  });
}

type Work = Pick<
  PlannedNode,
  'batches' | 'documents' | 'readings' | 'diskBytes' | 'pieces' | 'sessions'
>;

const NO_WORK: Work = { batches: 0, documents: 0, readings: 0, diskBytes: 0 };

function told(
  node: ProjectNode,
  { action, reasons, hint }: Pick<PlannedNode, 'action' | 'reasons' | 'hint'>,
  above: readonly string[] = [],
  work: Work = NO_WORK,
): PlannedNode {
  const materialized = materializedOf(node);
  const follows = action === 'unchanged' && materialized === 'view' && above.length > 0;
  return {
    uniqueId: node.uniqueId,
    name: node.name,
    materialized,
    action: follows ? 'replace' : action,
    reasons: [...reasons, ...above.map((name) => `upstream ${name} changed`)],
    ...work,
    ...(hint === undefined ? {} : { hint }),
  };
}

/** How much a decision takes up, and the disk that it will take. */
async function workOf(
  context: ModelContext,
  { action, batches, windows }: Decision,
): Promise<Work> {
  const { client, node, sessions } = context;
  const lanes = await lanesOfModel(context, batches, ['create', 'rebuild'].includes(action));
  const slices = lanes?.flatMap((lane) => lane.slices) ?? (await slicesOf(client, batches, true));
  const readings = slices.reduce((sum, slice) => sum + slice.readings, 0);
  const isHypertable = materializedOf(node) === 'hypertable';
  return {
    batches: windows?.length ?? batches.length,
    documents: slices.reduce((sum, slice) => sum + slice.responses, 0),
    readings,
    diskBytes:
      action === 'rebuild'
        ? await sizeOf(client, node.relation)
        : isHypertable
          ? Math.round(readings * (await bytesAReading(client, node)))
          : 0,
    ...(lanes === undefined
      ? {}
      : { pieces: slices.length, sessions: Math.min(sessions, lanes.length) }),
  };
}

async function planWindow(
  client: PoolClient,
  run: NodeRun,
  selected: ReadonlySet<string>,
  window: TimeWindow,
): Promise<PlannedNode[]> {
  const planned: PlannedNode[] = [];
  const works = windowWorks(run.project, selected, window);
  for (const id of run.project.order) {
    const node = run.project.nodes.get(id);
    const work = works.get(id)?.kind;
    if (node?.resourceType !== 'model' || work === undefined) continue;
    planned.push(await planOfWindow(modelContext(run, client, node), work, window));
  }
  return planned;
}

async function planOfWindow(
  context: ModelContext,
  work: string,
  window: TimeWindow,
): Promise<PlannedNode> {
  const { client, node } = context;
  if ((await findRelation(client, node.relation)) === undefined) {
    const hint = `Build it first: \`belt transform --select +${node.name}\`.`;
    return told(node, { action: 'refused', reasons: ['it is not there yet'], hint });
  }
  if (work !== 'refresh') {
    try {
      await missingOfWindow(context, window);
    } catch (error) {
      if (!(error instanceof BeltError)) throw error;
      const hint = error.hint ?? '';
      return told(node, { action: 'refused', reasons: [error.message], hint });
    }
  }
  if (work !== 'rebuild') {
    const action = work === 'refresh' ? 'refresh' : 'update';
    const reasons = ['the window is rebuilt'];
    return told(node, { action, reasons }, [], { ...NO_WORK, batches: 1 });
  }
  const windowBatches = await cutWindow(client, node.relation, eventTimeOf(node) as string, window);
  const reasons = ['the window is rebuilt from raw'];
  return told(node, { action: 'rebuild', reasons }, [], {
    batches: windowBatches.length,
    documents: windowBatches.reduce((sum, batch) => sum + batch.responses, 0),
    readings: windowBatches.reduce((sum, batch) => sum + batch.readings, 0),
    diskBytes: Math.round(
      Math.max(0, ...windowBatches.map((batch) => batch.readings)) *
        (await bytesAReading(client, node)),
    ),
  });
}
