import type { PoolClient } from 'pg';
import { withoutDeadlock } from '../database/transaction.js';
import { BeltError } from '../errors.js';
import type { ModelNode, ProjectNode, SeedNode } from '../project/nodes.js';
import { compileHooks, compileModel, compileTest } from '../project/templates/compile.js';
import { writeRelationState } from './batches/ledger.js';
import { explainFault } from './explain-fault.js';
import { materializedOf } from './lineage.js';
import { aggregatesBehind } from './materializations/aggregate-loss.js';
import type { Action } from './materializations/decision.js';
import { decideByRaw } from './materializations/hold-against-raw.js';
import { materializationOf } from './materializations/index.js';
import type { ModelOutcome } from './materializations/model-context.js';
import { workOnWindow } from './materializations/rebuild-window.js';
import { currentState } from './materializations/relation-changes.js';
import { buildSeed, decideSeed } from './materializations/seed.js';
import { compileBase, modelContext, type NodeRun, type NodeWatch } from './node-run.js';
import type { NodeWork } from './node-work.js';
import { recordStatements } from './record-statements.js';
import { docsWarning } from './relations/docs.js';
import { type Grant, grantWarning, readGrants, revokedText } from './relations/grants.js';
import { renderWithQueries } from './render-with-queries.js';
import type { NodeResult, NodeStatus } from './run-events.js';
import type { Share } from './schedule.js';
import { runTest, storesFailures } from './tests/run-test.js';
import { runUnitTest, type UnitCompile } from './tests/run-unit-test.js';

/** Where a node runs: on a thread, of which each has its client, and may share work with others. */
export interface Place {
  readonly clients: readonly PoolClient[];
  readonly thread: number;
  readonly share: Share;
}

/** Builds or tests one node; what goes wrong is told by the result. */
export async function runNode(
  run: NodeRun,
  node: ProjectNode,
  work: NodeWork,
  { clients, thread, share }: Place,
): Promise<NodeResult> {
  const client = clients[thread] as PoolClient;
  const start = performance.now();
  const base = {
    uniqueId: node.uniqueId,
    name: node.name,
    materialized: materializedOf(node),
    startedAt: new Date().toISOString(),
    thread: thread + 1,
  };
  const statements: string[] = [];
  let compiled: string | undefined;
  const recording = recordStatements(client, (sql) => statements.push(sql));
  const watch: NodeWatch = {
    onCompiled: (sql) => {
      compiled = sql;
    },
    sessions: clients.length,
    share: (jobs, job) =>
      share(jobs, (one, on) => job(one, on === thread ? recording : (clients[on] as PoolClient))),
  };
  const ending = () => ({
    seconds: (performance.now() - start) / 1000,
    ...(compiled === undefined ? {} : { compiledCode: compiled }),
    ...(statements.length === 0 ? {} : { runCode: `${statements.join(';\n\n')};\n` }),
  });
  try {
    const outcome = await withoutDeadlock(() => perform(run, recording, node, work, watch));
    if (outcome.status === 'success') run.memory?.settle(node.uniqueId, run.landed.at(-1));
    if (run.checkpoints && !isTest(node)) await client.query('checkpoint');
    return { ...base, ...outcome, ...ending() };
  } catch (error) {
    run.memory?.unsettle(node.uniqueId);
    return {
      ...base,
      status: 'error',
      ...('line' in node ? { line: node.line } : {}),
      ...explainFault(error, node, run, await behindFault(run, client, node, error)),
      ...ending(),
    };
  }
}

const NO_COLUMN = '42703';

/** Names of continuous aggregates that lack a column which a model asks for, as they are behind. */
async function behindFault(
  run: NodeRun,
  client: PoolClient,
  node: ProjectNode,
  error: unknown,
): Promise<string[]> {
  const isModel = node.resourceType === 'model' || node.resourceType === 'snapshot';
  if (!isModel || (error as { code?: string }).code !== NO_COLUMN) return [];
  return (await aggregatesBehind(modelContext(run, client, node))).map(({ name }) => name);
}

/** Whether a node leaves nothing in the database. */
function isTest({ resourceType }: ProjectNode): boolean {
  return resourceType === 'test' || resourceType === 'unit_test';
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
  watch: NodeWatch,
): Promise<Outcome> {
  switch (node.resourceType) {
    case 'seed': {
      const decision = await decideSeed(client, node, run.fullRefresh);
      if (decision.refusal !== undefined) throw decision.refusal;
      const hooks = await renderWithQueries(client, (query) =>
        compileHooks(run.project, node, compileBase(run, query)),
      );
      const held = await readGrants(client, node);
      const outcome = await buildSeed(client, node, decision, hooks);
      return { status: 'success', ...(await withRemarks(client, node, held, outcome)) };
    }
    case 'model':
    case 'snapshot':
      return work.kind === 'build'
        ? buildModel(run, client, node, watch)
        : {
            status: 'success',
            ...(await workOnWindow(modelContext(run, client, node, watch), work)),
          };
    case 'test': {
      const sql = await renderWithQueries(client, (query) =>
        compileTest(run.project, node, { ...compileBase(run, query), isIncremental: false }),
      );
      watch.onCompiled(sql);
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

/** What leaves a relation that is there in its place, with its rights and comments. */
const KEEPING: readonly Action[] = ['update', 'refresh', 'unchanged'];

/** Decides what to do with a model, does it, and notes what it was built from. */
async function buildModel(
  run: NodeRun,
  client: PoolClient,
  node: ModelNode,
  watch: NodeWatch,
): Promise<Outcome> {
  const materialization = materializationOf(node);
  const decider = modelContext(run, client, node, watch);
  const decision = await decideByRaw(decider, materialization);
  if (decision.refusal !== undefined) throw decision.refusal;
  const isSettled = decider.isSettled && KEEPING.includes(decision.action);
  const context = { ...decider, isSettled };
  if (isSettled) {
    const outcome = await materialization.build(context, decision);
    return { status: outcome.batches?.failed.length ? 'partial success' : 'success', ...outcome };
  }
  const held = await readGrants(client, node);
  const outcome = await materialization.build(context, decision);
  for (const { uniqueId } of decision.rebuiltWith) run.rebuilt.add(uniqueId);
  // what was refused to be rebuilt still has the query that it was made with
  if (decision.action !== 'refused') {
    await writeRelationState(client, node.uniqueId, await currentState(context));
  }
  return {
    status: outcome.batches?.failed.length ? 'partial success' : 'success',
    ...(await withRemarks(client, node, held, outcome, decision.remark)),
  };
}

/** Adds what is to be told of a node's grants, of which some were held before, and of its docs. */
async function withRemarks(
  client: PoolClient,
  node: ModelNode | SeedNode,
  held: readonly Grant[],
  outcome: ModelOutcome,
  remark?: string,
): Promise<ModelOutcome> {
  const remarks = [await grantWarning(client, node), await docsWarning(client, node)];
  const warnings = [outcome.warning, remark, ...remarks].filter(Boolean);
  return {
    ...outcome,
    message: outcome.message + revokedText(held, await readGrants(client, node)),
    ...(warnings.length > 0 ? { warning: warnings.join('\n') } : {}),
  };
}
