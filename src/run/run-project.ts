import { randomUUID } from 'node:crypto';
import type { PoolClient } from 'pg';
import type { Database } from '../database/open-database.js';
import { inTransaction } from '../database/transaction.js';
import type { ProjectNode } from '../project/nodes.js';
import { nodeOf, type Project } from '../project/project.js';
import { compileText } from '../project/templates/compile.js';
import { isEphemeral } from '../project/templates/ephemeral.js';
import { applyLifeCycle, lifeCycleOf } from '../raw/life-cycle.js';
import { RESOURCES } from '../raw/resources.js';
import { checkNewRows } from './batches/landed-sources.js';
import { parallelBy } from './batches/shards.js';
import { landedBatches } from './batches/slices.js';
import { materializedOf } from './lineage.js';
import { checkMaterializations } from './materializations/index.js';
import { compileBase, type NodeRun, type NodeRunOptions } from './node-run.js';
import type { NodeWork } from './node-work.js';
import { renderWithQueries } from './render-with-queries.js';
import { isGood, type NodeResult, type RunListener } from './run-events.js';
import { runNode } from './run-node.js';
import { finishRun, lastRunId, startRun } from './run-record.js';
import { prerequisites, runInOrder } from './schedule.js';
import { withThreads, withTransformSession } from './session.js';
import { type PolicyRun, runDuePolicies } from './timescale/due-policies.js';

export interface RunOptions extends NodeRunOptions {
  /** What is to run, by unique id, and what is done with it. */
  readonly works: ReadonlyMap<string, NodeWork>;
  readonly failFast: boolean;
  /** Nodes that run side by side at the most. */
  readonly threads: number;
}

export interface RunSummary {
  readonly runId: string;
  readonly startedAt: string;
  readonly results: readonly NodeResult[];
  readonly policies: readonly PolicyRun[];
  /** Whether it was stopped before all nodes had run. */
  readonly interrupted: boolean;
  readonly seconds: number;
}

/** Commands whose nodes do not wait for each other. */
const UNORDERED = ['test', 'seed'];

/**
 * Runs nodes of a project, each after what it reads, and side by side where they do not follow from
 * each other. What follows from a node that failed is skipped.
 */
export function runProject(
  database: Database,
  project: Project,
  options: RunOptions,
  listener: RunListener,
): Promise<RunSummary> {
  checkMaterializations(project);
  checkNewRows(project);
  // a fault in them is told before anything runs
  lifeCycleOf(project.vars);
  const order = project.order.filter(
    (id) => options.works.has(id) && !isEphemeral(nodeOf(project, id)),
  );
  // the pieces of one model can take all sessions
  const useful = order.some((id) => isParallel(nodeOf(project, id)))
    ? options.threads
    : order.length;
  const threads = database.engine === 'server' ? Math.min(options.threads, useful) : 1;
  return withTransformSession(database, listener.onWait, (first) =>
    withThreads(database, first, threads, (clients) =>
      runNodes(database, project, options, listener, order, clients),
    ),
  );
}

async function runNodes(
  database: Database,
  project: Project,
  options: RunOptions,
  listener: RunListener,
  order: readonly string[],
  clients: readonly PoolClient[],
): Promise<RunSummary> {
  const [client] = clients as [PoolClient];
  const start = performance.now();
  const run: NodeRun = {
    ...options,
    project,
    listener,
    runId: randomUUID(),
    startedAt: new Date(),
    landed: await landedBatches(client),
    checkpoints: database.engine === 'embedded',
    rebuilt: new Set(),
  };
  options.memory?.begin(await lastRunId(client));
  options.memory?.noteRun(run.runId);
  const workOf = (id: string) => options.works.get(id) as NodeWork;
  await prepare(
    client,
    run,
    order.map((id) => nodeOf(project, id)),
  );
  listener.onStart(order.length);
  const waits = prerequisites(
    project,
    UNORDERED.includes(options.command) ? [] : order,
    options.command === 'build',
  );
  const results: NodeResult[] = [];
  const bad = new Set<string>();
  let stopped = false;
  let begun = 0;
  await runInOrder(
    order,
    waits,
    clients.length,
    () => options.signal.aborted,
    async (id, thread, share) => {
      const node = nodeOf(project, id);
      const index = ++begun;
      const cause = [...(waits.get(id) ?? [])].find((one) => bad.has(one));
      const reason = stopped
        ? 'SKIP because of --fail-fast'
        : cause === undefined
          ? undefined
          : `SKIP because ${nodeOf(project, cause).name} did not succeed`;
      if (reason === undefined) {
        listener.onNodeStart(index, order.length, node.name, materializedOf(node));
      }
      const result =
        reason === undefined
          ? await runNode(run, node, workOf(id), { clients, thread, share })
          : skipped(node, reason, thread);
      if (!isGood(result.status)) {
        bad.add(id);
        stopped ||= options.failFast && result.status !== 'skipped';
      }
      results[index - 1] = result;
      listener.onNodeEnd(index, order.length, result);
    },
  );
  const interrupted = options.signal.aborted;
  if (options.command !== 'test' && !interrupted) {
    const told = await applyLifeCycle(client, lifeCycleOf(project.vars), RESOURCES);
    if (told !== undefined) listener.onLog?.(told, true);
  }
  await runHooks(client, run, project.config.onRunEnd, { results: results.map(hookResult) });
  const policies =
    database.engine === 'server' || interrupted || options.command === 'test'
      ? []
      : await runDuePolicies(client);
  if (run.checkpoints) await client.query('checkpoint');
  await finishRun(
    client,
    run.runId,
    interrupted ? 'interrupted' : bad.size > 0 ? 'error' : 'success',
    results,
  );
  return {
    runId: run.runId,
    startedAt: run.startedAt.toISOString(),
    results,
    policies,
    interrupted,
    seconds: (performance.now() - start) / 1000,
  };
}

function isParallel(node: ProjectNode): boolean {
  return node.resourceType === 'model' && parallelBy(node) !== undefined;
}

function skipped(node: ProjectNode, message: string, thread: number): NodeResult {
  return {
    uniqueId: node.uniqueId,
    name: node.name,
    materialized: materializedOf(node),
    status: 'skipped',
    message,
    startedAt: new Date().toISOString(),
    seconds: 0,
    thread: thread + 1,
  };
}

/** Makes the schemas, notes the run, and runs on-run-start. */
async function prepare(
  client: PoolClient,
  run: NodeRun,
  nodes: readonly ProjectNode[],
): Promise<void> {
  const schemas = new Set(
    nodes
      .filter((node) => node.resourceType !== 'test' && node.resourceType !== 'unit_test')
      .map((node) => node.relation.schema),
  );
  await inTransaction(client, async () => {
    for (const schema of schemas) {
      await client.query(`create schema if not exists ${client.escapeIdentifier(schema)}`);
    }
    await startRun(client, run.runId, run.command, run.fullRefresh);
  });
  await runHooks(client, run, run.project.config.onRunStart, {});
}

async function runHooks(
  client: PoolClient,
  run: NodeRun,
  hooks: readonly string[],
  more: Readonly<Record<string, unknown>>,
): Promise<void> {
  for (const hook of hooks) {
    const sql = await renderWithQueries(client, (query) =>
      compileText(run.project, hook, 'dbt_project.yml', compileBase(run, query), {
        ...more,
        schemas: [...new Set([...run.project.nodes.values()].map((node) => node.relation.schema))],
      }),
    );
    if (sql !== '') await client.query(sql);
  }
}

/** What on-run-end is told of a node. */
function hookResult(result: NodeResult) {
  return {
    status: result.status,
    message: result.message,
    execution_time: result.seconds,
    failures: result.failures ?? null,
    node: { name: result.name, unique_id: result.uniqueId },
  };
}
