import { randomUUID } from 'node:crypto';
import type { PoolClient } from 'pg';
import type { Database } from '../database/open-database.js';
import { inTransaction } from '../database/transaction.js';
import { BeltError } from '../errors.js';
import { type CompiledModel, compileModel } from '../project/compile.js';
import { isEphemeral } from '../project/ephemeral.js';
import { ancestorsOf, childrenByNode, reach } from '../project/graph.js';
import type { ModelNode, RunnableNode } from '../project/nodes.js';
import type { Project } from '../project/project.js';
import { selectNodes } from '../project/selection.js';
import { type PolicyRun, runDuePolicies } from './due-policies.js';
import { explainFault } from './explain-fault.js';
import { readFindings, type UnmappedSeries } from './findings.js';
import { writeRelationState } from './ledger.js';
import { continuousAggregate } from './materializations/continuous-aggregate.js';
import { hypertable } from './materializations/hypertable.js';
import { incremental } from './materializations/incremental.js';
import { loadSeed } from './materializations/seed.js';
import { table } from './materializations/table.js';
import { view } from './materializations/view.js';
import type { CompileUse, Materialization, ModelContext, ModelOutcome } from './model-context.js';
import { currentState } from './relation-changes.js';
import type { NodeResult, RunListener } from './run-events.js';
import { finishRun, recordResult, startRun } from './run-record.js';
import { withTransformSession } from './session.js';
import { newRowsOf } from './slices.js';

const MATERIALIZATIONS: Readonly<Record<string, Materialization>> = {
  view,
  table,
  incremental,
  hypertable,
  continuous_aggregate: continuousAggregate,
};

export interface TransformOptions {
  readonly select: readonly string[];
  readonly exclude: readonly string[];
  readonly fullRefresh: boolean;
  /** Aborted when the user wants to stop: nothing new is begun then. */
  readonly signal: AbortSignal;
}

export interface TransformSummary {
  readonly runId: string;
  readonly results: readonly NodeResult[];
  readonly policies: readonly PolicyRun[];
  /** Selectors that no node meets. */
  readonly unmatched: readonly string[];
  /** Whether it was stopped before all nodes had run. */
  readonly interrupted: boolean;
  /** Series that the metric catalogue does not know. */
  readonly unmapped: readonly UnmappedSeries[];
  /** Readings in telemetry_reject. */
  readonly rejectedReadings: number;
  readonly seconds: number;
}

/** Runs the selected models of a project in the order of their references. */
export function transform(
  database: Database,
  project: Project,
  options: TransformOptions,
  listener: RunListener,
): Promise<TransformSummary> {
  checkMaterializations(project);
  const { selected, unmatched } = selectNodes(project, options.select, options.exclude);
  const nodes = project.order
    .filter((id) => selected.has(id))
    .map((id) => project.nodes.get(id) as RunnableNode);
  return withTransformSession(database, listener.onWait, async (client) => {
    const start = performance.now();
    const runId = randomUUID();
    await createSchemas(client, nodes);
    await startRun(client, runId, options.fullRefresh);
    const total = nodes.filter((node) => !isEphemeral(node)).length;
    listener.onStart(total);
    const run: Run = {
      client,
      project,
      options,
      listener,
      runId,
      startedAt: new Date(),
      checkpoints: database.embedded !== undefined,
      rebuilt: new Set(),
    };
    const results: NodeResult[] = [];
    const failed = new Set<string>();
    for (const node of nodes) {
      if (options.signal.aborted) break;
      if (isEphemeral(node)) {
        // it is part of those who read it: what it reads must have succeeded for them
        const parents = [...ancestorsOf(project.nodes, node.uniqueId, 1)];
        if (parents.some((id) => failed.has(id))) failed.add(node.uniqueId);
        continue;
      }
      const index = results.length;
      const result = await runNode(run, node, index + 1, total, failed);
      if (result.status !== 'success') failed.add(node.uniqueId);
      await recordResult(client, runId, index + 1, result);
      results.push(result);
    }
    const interrupted = options.signal.aborted;
    const policies =
      database.embedded === undefined || interrupted ? [] : await runDuePolicies(client);
    if (run.checkpoints) await client.query('checkpoint');
    await finishRun(
      client,
      runId,
      interrupted ? 'interrupted' : failed.size > 0 ? 'error' : 'success',
    );
    return {
      runId,
      results,
      policies,
      unmatched,
      interrupted,
      ...(await readFindings(client, project.target.schema)),
      seconds: (performance.now() - start) / 1000,
    };
  });
}

interface Run {
  readonly client: PoolClient;
  readonly project: Project;
  readonly options: TransformOptions;
  readonly listener: RunListener;
  readonly runId: string;
  readonly startedAt: Date;
  readonly checkpoints: boolean;
  readonly rebuilt: Set<string>;
}

async function runNode(
  run: Run,
  node: RunnableNode,
  index: number,
  total: number,
  failed: ReadonlySet<string>,
): Promise<NodeResult> {
  const materialized = materializedOf(node);
  const base = { uniqueId: node.uniqueId, name: node.name, materialized };
  const cause =
    node.resourceType === 'model' ? node.dependsOn.find((id) => failed.has(id)) : undefined;
  if (cause !== undefined) {
    const parent = run.project.nodes.get(cause)?.name ?? cause;
    const result: NodeResult = {
      ...base,
      status: 'skipped',
      message: `SKIP because ${parent} did not succeed`,
      seconds: 0,
    };
    run.listener.onNodeEnd(index, total, result);
    return result;
  }
  run.listener.onNodeStart(index, total, node.name, materialized);
  const start = performance.now();
  const elapsed = () => (performance.now() - start) / 1000;
  let result: NodeResult;
  try {
    const outcome = await build(run, node);
    if (run.checkpoints) await run.client.query('checkpoint');
    result = { ...base, status: 'success', ...outcome, seconds: elapsed() };
  } catch (error) {
    result = { ...base, status: 'error', ...explainFault(error, node), seconds: elapsed() };
  }
  run.listener.onNodeEnd(index, total, result);
  return result;
}

function build(run: Run, node: RunnableNode): Promise<ModelOutcome> {
  return node.resourceType === 'seed' ? loadSeed(run.client, node) : buildModel(run, node);
}

async function buildModel(run: Run, node: ModelNode): Promise<ModelOutcome> {
  const materialization = MATERIALIZATIONS[materializedOf(node)] as Materialization;
  const context = contextFor(run, node);
  const outcome = await materialization(context);
  const state = currentState(context);
  // a continuous aggregate that was not rebuilt still has the query that it was made with
  if (outcome.warning !== undefined && state.materialized === 'continuous_aggregate')
    return outcome;
  await writeRelationState(run.client, node.uniqueId, state);
  return outcome;
}

function contextFor(run: Run, node: ModelNode): ModelContext {
  const { project, options } = run;
  const fullRefresh =
    typeof node.config.full_refresh === 'boolean' ? node.config.full_refresh : options.fullRefresh;
  return {
    client: run.client,
    node,
    fullRefresh,
    aggregatesOver: aggregatesOver(project, node),
    checkpoints: run.checkpoints,
    rebuilt: run.rebuilt,
    compile: (model: ModelNode, use: CompileUse): CompiledModel =>
      compileModel(project, model, {
        isIncremental: use.isIncremental,
        fullRefresh,
        target: use.target,
        shadows: use.shadows,
        newRows: newRowsOf,
        runStartedAt: run.startedAt,
        invocationId: run.runId,
      }),
    onProgress: run.listener.onProgress,
  };
}

/** Continuous aggregates that read a model directly, or through other continuous aggregates. */
function aggregatesOver(project: Project, node: ModelNode): ModelNode[] {
  const children = childrenByNode(project.nodes);
  const isAggregate = (id: string) => {
    const found = project.nodes.get(id);
    return found?.resourceType === 'model' && materializedOf(found) === 'continuous_aggregate';
  };
  const reached = reach(node.uniqueId, (id) => (children.get(id) ?? []).filter(isAggregate));
  return project.order
    .filter((id) => reached.has(id))
    .map((id) => project.nodes.get(id) as ModelNode);
}

function materializedOf(node: RunnableNode): string {
  return node.resourceType === 'seed' ? 'seed' : String(node.config.materialized);
}

function checkMaterializations(project: Project): void {
  for (const node of project.nodes.values()) {
    if (node.resourceType !== 'model' || isEphemeral(node)) continue;
    if (materializedOf(node) in MATERIALIZATIONS) continue;
    throw new BeltError(
      `${node.name} has the materialization ${materializedOf(node)}, which belt does not know.`,
      {
        location: { file: node.path },
        hint: `Use one of ${Object.keys(MATERIALIZATIONS).join(', ')}, ephemeral.`,
      },
    );
  }
}

async function createSchemas(client: PoolClient, nodes: readonly RunnableNode[]): Promise<void> {
  const schemas = new Set(nodes.map((node) => node.relation.schema));
  await inTransaction(client, async () => {
    for (const schema of schemas) {
      await client.query(`create schema if not exists ${client.escapeIdentifier(schema)}`);
    }
  });
}
