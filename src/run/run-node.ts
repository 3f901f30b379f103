import type { PoolClient } from 'pg';
import { BeltError } from '../errors.js';
import type { ModelNode, ProjectNode } from '../project/nodes.js';
import type { Project } from '../project/project.js';
import { renderRelation } from '../project/relation.js';
import { type CompiledModel, compileModel, compileTest } from '../project/templates/compile.js';
import type { QueryRows } from '../project/templates/table-object.js';
import { writeRelationState } from './batches/ledger.js';
import { newRowsOf, rowsOfResponses } from './batches/slices.js';
import type { TimeWindow } from './batches/time-window.js';
import { explainFault } from './explain-fault.js';
import { aggregatesOver, materializedOf, readsNewRows } from './lineage.js';
import { continuousAggregate } from './materializations/continuous-aggregate.js';
import { hypertable } from './materializations/hypertable.js';
import { incremental } from './materializations/incremental.js';
import type {
  CompileUse,
  Materialization,
  ModelContext,
  ModelOutcome,
} from './materializations/model-context.js';
import { workOnWindow } from './materializations/rebuild-window.js';
import { currentState } from './materializations/relation-changes.js';
import { loadSeed } from './materializations/seed.js';
import { snapshot } from './materializations/snapshot.js';
import { table } from './materializations/table.js';
import { view } from './materializations/view.js';
import { virtualHypertable } from './materializations/virtual-hypertable.js';
import type { NodeWork } from './node-work.js';
import { recordStatements } from './record-statements.js';
import { docsWarning } from './relations/docs.js';
import { grantWarning } from './relations/grants.js';
import { renderWithQueries } from './render-with-queries.js';
import type { NodeResult, NodeStatus, RunListener } from './run-events.js';
import { runTest, storesFailures } from './tests/run-test.js';
import { runUnitTest, type UnitCompile } from './tests/run-unit-test.js';

const MATERIALIZATIONS: Readonly<Record<string, Materialization>> = {
  view,
  table,
  incremental,
  snapshot,
  hypertable,
  virtual_hypertable: virtualHypertable,
  continuous_aggregate: continuousAggregate,
};

/** What all nodes of a run have in common. */
export interface NodeRun {
  readonly project: Project;
  readonly command: string;
  /** Flags that a hint repeats, so that its command does the same. */
  readonly flags: readonly string[];
  readonly fullRefresh: boolean;
  readonly eventTime: Partial<TimeWindow>;
  readonly retried: ReadonlyMap<string, readonly (readonly [string, string])[]>;
  readonly storeFailures: boolean;
  readonly signal: AbortSignal;
  readonly listener: RunListener;
  readonly runId: string;
  readonly startedAt: Date;
  /** Whether the engine lacks a checkpointer. */
  readonly checkpoints: boolean;
  readonly rebuilt: Set<string>;
}

/** Builds or tests one node; what goes wrong is told by the result. */
export async function runNode(
  run: NodeRun,
  client: PoolClient,
  node: ProjectNode,
  work: NodeWork,
  thread: number,
): Promise<NodeResult> {
  const start = performance.now();
  const base = {
    uniqueId: node.uniqueId,
    name: node.name,
    materialized: materializedOf(node),
    startedAt: new Date().toISOString(),
    thread: thread + 1,
  };
  const seen: Seen = { statements: [], compiled: undefined };
  const recording = recordStatements(client, (sql) => seen.statements.push(sql));
  const ending = () => ({
    seconds: (performance.now() - start) / 1000,
    ...(seen.compiled === undefined ? {} : { compiledCode: seen.compiled }),
    ...(seen.statements.length === 0 ? {} : { runCode: `${seen.statements.join(';\n\n')};\n` }),
  });
  try {
    const outcome = await withoutDeadlock(() => perform(run, recording, node, work, seen));
    if (run.checkpoints && !isTest(node)) await client.query('checkpoint');
    return { ...base, ...outcome, ...ending() };
  } catch (error) {
    return {
      ...base,
      status: 'error',
      ...('line' in node ? { line: node.line } : {}),
      ...explainFault(error, node, run),
      ...ending(),
    };
  }
}

/** Whether a node leaves nothing in the database. */
function isTest({ resourceType }: ProjectNode): boolean {
  return resourceType === 'test' || resourceType === 'unit_test';
}

const DEADLOCK = '40P01';

/** Tries again what readers and belt kept each other from: it was rolled back whole. */
async function withoutDeadlock<T>(work: () => Promise<T>, attempts = 3): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (attempts <= 1 || (error as { code?: string }).code !== DEADLOCK) throw error;
    return withoutDeadlock(work, attempts - 1);
  }
}

interface Seen {
  readonly statements: string[];
  compiled: string | undefined;
}

type Outcome = ModelOutcome & {
  readonly status: NodeStatus;
  readonly failures?: number;
  readonly file?: string;
  readonly line?: number;
};

async function perform(
  run: NodeRun,
  client: PoolClient,
  node: ProjectNode,
  work: NodeWork,
  seen: Seen,
): Promise<Outcome> {
  switch (node.resourceType) {
    case 'seed':
      return { status: 'success', ...(await loadSeed(client, node, run.fullRefresh)) };
    case 'model':
    case 'snapshot':
      return work.kind === 'build'
        ? buildModel(run, client, node, seen)
        : {
            status: 'success',
            ...(await workOnWindow(modelContext(run, client, node, seen), work)),
          };
    case 'test': {
      const sql = await renderWithQueries(client, (query) =>
        compileTest(run.project, node, { ...compileBase(run, query), isIncremental: false }),
      );
      seen.compiled = sql;
      const store = storesFailures(node, run.storeFailures);
      return { ...(await runTest(client, node, sql, store)), ...placeOf(node) };
    }
    case 'unit_test': {
      const compile = (model: ModelNode, use: UnitCompile) =>
        renderWithQueries(
          client,
          (query) => compileModel(run.project, model, { ...compileBase(run, query), ...use }).sql,
        );
      return { ...(await runUnitTest(client, run.project, node, compile)), ...placeOf(node) };
    }
    case 'source':
      throw new BeltError(`The source ${node.name} can't be run.`);
  }
}

function placeOf({ path, line }: { readonly path: string; readonly line: number }) {
  return { file: path, line };
}

async function buildModel(
  run: NodeRun,
  client: PoolClient,
  node: ModelNode,
  seen: Seen,
): Promise<Outcome> {
  const materialization = MATERIALIZATIONS[materializedOf(node)] as Materialization;
  const context = modelContext(run, client, node, seen);
  const outcome = await materialization(context);
  const status: NodeStatus =
    outcome.batches !== undefined && outcome.batches.failed.length > 0
      ? 'partial success'
      : 'success';
  const state = await currentState(context);
  // a continuous aggregate that was not rebuilt still has the query that it was made with
  if (outcome.warning === undefined || state.materialized !== 'continuous_aggregate') {
    await writeRelationState(client, node.uniqueId, state);
  }
  const remarks = [await grantWarning(client, node), await docsWarning(client, node)];
  const warnings = [outcome.warning, ...remarks].filter(Boolean);
  return { status, ...outcome, ...(warnings.length > 0 ? { warning: warnings.join('\n') } : {}) };
}

/** What a materialization, or the plan of one, needs of a model. */
export function modelContext(
  run: NodeRun,
  client: PoolClient,
  node: ModelNode,
  seen: Seen = { statements: [], compiled: undefined },
): ModelContext {
  const { project } = run;
  const fullRefresh =
    typeof node.config.full_refresh === 'boolean' ? node.config.full_refresh : run.fullRefresh;
  return {
    client,
    node,
    fullRefresh,
    aggregatesOver: aggregatesOver(project, node),
    readsNewRows: readsNewRows(project, node),
    checkpoints: run.checkpoints,
    rebuilt: run.rebuilt,
    eventTime: run.eventTime,
    retried: run.retried
      .get(node.uniqueId)
      ?.map(([start, end]) => ({ start: new Date(start), end: new Date(end) })),
    signal: run.signal,
    compile: async (model: ModelNode, use: CompileUse): Promise<CompiledModel> => {
      const compiled = await renderWithQueries(client, (query) =>
        compileModel(project, model, {
          ...compileBase(run, query),
          fullRefresh,
          isIncremental: use.isIncremental,
          target: use.target,
          shadows: use.shadows,
          ...(use.wholeResponses === true ? { newRows: rowsOfResponses } : {}),
          ...(use.batch === undefined ? {} : inBatch(use.batch)),
        }),
      );
      if (model === node) seen.compiled ??= compiled.sql;
      return compiled;
    },
    onProgress: run.listener.onProgress,
  };
}

/** What a microbatch model is told of its batch, and its inputs bounded by it. */
function inBatch(batch: TimeWindow) {
  const literal = (time: Date) => `'${time.toISOString()}'`;
  return {
    facts: {
      batch: {
        id: batch.start.toISOString().replace(/[-:TZ]|\.\d+/g, ''),
        event_time_start: batch.start.toISOString(),
        event_time_end: batch.end.toISOString(),
      },
    },
    bounded: (
      found: ProjectNode,
      relation: { readonly schema: string; readonly identifier: string },
    ) =>
      typeof found.config.event_time === 'string'
        ? `select * from ${renderRelation(relation)} where ${found.config.event_time} >= ${literal(batch.start)} and ${found.config.event_time} < ${literal(batch.end)}`
        : undefined,
  };
}

/** What every compilation of a run has in common. */
export function compileBase(
  run: Pick<NodeRun, 'fullRefresh' | 'startedAt' | 'runId'> & {
    readonly listener: Pick<RunListener, 'onLog'>;
  },
  query: (sql: string) => QueryRows,
) {
  return {
    isIncremental: false,
    fullRefresh: run.fullRefresh,
    newRows: newRowsOf,
    runStartedAt: run.startedAt,
    invocationId: run.runId,
    query,
    log: (message: string, info: boolean) => run.listener.onLog?.(message, info),
  };
}

/** Throws a BeltError for the first model of a materialization that does not exist. */
export function checkMaterializations(project: Project): void {
  for (const node of project.nodes.values()) {
    if (node.resourceType !== 'model') continue;
    const materialized = materializedOf(node);
    if (materialized === 'ephemeral' || materialized in MATERIALIZATIONS) continue;
    throw new BeltError(
      `${node.name} has the materialization ${materialized}, which belt does not know.`,
      {
        location: { file: node.path },
        hint: `Use one of ${Object.keys(MATERIALIZATIONS).join(', ')}, ephemeral.`,
      },
    );
  }
}
