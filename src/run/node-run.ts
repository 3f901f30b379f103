import type { PoolClient } from 'pg';
import type { ModelNode, ProjectNode } from '../project/nodes.js';
import { nodeOf, type Project } from '../project/project.js';
import { type Relation, renderRelation } from '../project/relation.js';
import { compileModel } from '../project/templates/compile.js';
import { isEphemeral } from '../project/templates/ephemeral.js';
import type { QueryRows } from '../project/templates/table-object.js';
import { landedRelation, landedResources } from './batches/landed-sources.js';
import { parallelBy } from './batches/shards.js';
import { newRowsOf, rowsOfResponses } from './batches/slices.js';
import type { TimeWindow } from './batches/time-window.js';
import { aggregatesOver, aggregatesUnder, modelsAbove, readsNewRows } from './lineage.js';
import type { CompileUse, ModelContext } from './materializations/model-context.js';
import { renderWithQueries } from './render-with-queries.js';
import type { RunListener } from './run-events.js';
import type { RunMemory } from './run-memory.js';

/** What a command asks of a run. */
export interface NodeRunOptions {
  /** The command, for messages and the record. */
  readonly command: string;
  /** Flags that a hint repeats, so that its command does the same. */
  readonly flags: readonly string[];
  readonly fullRefresh: boolean;
  /** Whether models may be rebuilt though raw that was landed is gone. */
  readonly allowsMissingRaw: boolean;
  /** Of microbatch models: the window of event time to build. */
  readonly eventTime: Partial<TimeWindow>;
  /** Of microbatch models that failed in part: the batches to build again. */
  readonly retried: ReadonlyMap<string, readonly (readonly [string, string])[]>;
  readonly storeFailures: boolean;
  /** Of the runs of this process before, where it runs the same project again and again. */
  readonly memory?: RunMemory;
  /** Aborted when the user wants to stop: nothing new is begun then. */
  readonly signal: AbortSignal;
}

/** What all nodes of a run have in common. */
export interface NodeRun extends NodeRunOptions {
  readonly project: Project;
  readonly listener: RunListener;
  readonly runId: string;
  readonly startedAt: Date;
  /** Ids of the batches that had been landed when the run began, which all its models agree on. */
  readonly landed: readonly string[];
  /** Whether the engine lacks a checkpointer. */
  readonly checkpoints: boolean;
  /** Continuous aggregates that were rebuilt together with what they read. */
  readonly rebuilt: Set<string>;
}

/** What a run hears of a model that is built, and gives it of its sessions. */
export interface NodeWatch extends Pick<ModelContext, 'sessions' | 'share'> {
  /** Told the SQL of the model itself, each time that it is compiled to be built. */
  onCompiled(sql: string): void;
}

/** Of a model that is not built. */
const ALONE: NodeWatch = {
  onCompiled: () => undefined,
  sessions: 1,
  share: async () => [],
};

/** What a materialization, or the plan of one, needs of a model. */
export function modelContext(
  run: NodeRun,
  client: PoolClient,
  node: ModelNode,
  { onCompiled, sessions, share }: NodeWatch = ALONE,
): ModelContext {
  const { project } = run;
  const fullRefresh =
    typeof node.config.full_refresh === 'boolean' ? node.config.full_refresh : run.fullRefresh;
  const compile = (model: ModelNode, use: CompileUse) =>
    renderWithQueries(client, (query) =>
      compileModel(project, model, {
        ...compileBase(run, query),
        fullRefresh,
        isIncremental: use.isIncremental,
        target: use.target,
        standIn: (found) => use.shadows?.get(found.uniqueId) ?? landedRelation(found),
        newRows:
          use.wholeResponses === true
            ? rowsOfResponses
            : (relation) => newRowsOf(relation, parallelBy(model)),
        ...(use.batch === undefined ? {} : inBatch(use.batch)),
      }),
    );
  const above = modelsAbove(project, node);
  return {
    client,
    sessions,
    share,
    node,
    fullRefresh,
    landed: run.landed,
    isSettled: !fullRefresh && run.memory?.isSettled(node.uniqueId) === true,
    memory: run.memory,
    above: above.map(({ uniqueId }) => uniqueId),
    fedAbove: above.filter(({ usesNewRows }) => usesNewRows).map(({ uniqueId }) => uniqueId),
    aggregatesOver: aggregatesOver(project, node),
    aggregatesUnder: aggregatesUnder(project, node),
    landedResources: landedResources(project, node),
    newRowsOf: node.newRowsOf
      .map((id) => nodeOf(project, id))
      .flatMap((read) => (isEphemeral(read) || !('relation' in read) ? [] : [read.relation])),
    allowsMissingRaw: run.allowsMissingRaw,
    readsNewRows: readsNewRows(project, node),
    checkpoints: run.checkpoints,
    rebuilt: run.rebuilt,
    eventTime: run.eventTime,
    retried: run.retried
      .get(node.uniqueId)
      ?.map(([start, end]) => ({ start: new Date(start), end: new Date(end) })),
    signal: run.signal,
    compile,
    compileOwn: async (use) => {
      const compiled = await compile(node, use);
      onCompiled(compiled.sql);
      return compiled;
    },
    ask: (question) => question(),
    onProgress: run.listener.onProgress,
  };
}

/** What a microbatch model is told of its batch, and its inputs bounded by it. */
function inBatch(batch: TimeWindow) {
  const [start, end] = [batch.start.toISOString(), batch.end.toISOString()];
  return {
    facts: {
      batch: {
        id: start.replace(/[-:TZ]|\.\d+/g, ''),
        event_time_start: start,
        event_time_end: end,
      },
    },
    bounded: ({ config: { event_time: time } }: ProjectNode, relation: Relation) =>
      typeof time === 'string'
        ? `select * from ${renderRelation(relation)} where ${time} >= '${start}' and ${time} < '${end}'`
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
    newRows: (relation: Relation) => newRowsOf(relation),
    standIn: landedRelation,
    runStartedAt: run.startedAt,
    invocationId: run.runId,
    query,
    log: (message: string, info: boolean) => run.listener.onLog?.(message, info),
  };
}
