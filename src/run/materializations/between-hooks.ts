import type { ClientBase } from 'pg';
import { inTransaction } from '../../database/transaction.js';
import type { ModelNode, SeedNode } from '../../project/nodes.js';
import type { CompiledHooks } from '../../project/templates/compile.js';
import { recordBatches } from '../batches/ledger.js';
import { parallelBy } from '../batches/shards.js';
import { describeRelation } from '../relations/docs.js';
import { applyGrants } from '../relations/grants.js';
import type { ModelContext } from './model-context.js';

/**
 * Does the work on a model's relation in one transaction: after its pre-hooks, and followed by its
 * docs, its grants and its post-hooks.
 */
export function betweenHooks<T>(
  { client, node, isSettled }: ModelContext,
  { preHooks, postHooks }: CompiledHooks,
  work: () => Promise<T>,
  kind: 'table' | 'view' = 'table',
): Promise<T> {
  return inTransaction(client, async () => {
    await runHooks(client, preHooks);
    const result = await work();
    if (!isSettled) await publish(client, node, kind);
    await runHooks(client, postHooks);
    return result;
  });
}

/** How a model's rows are written: what comes before and after it is done once. */
export interface Writing {
  /** Whether its relation is built anew, from all batches. */
  readonly anew?: boolean;
  /** Brings the relation into shape. */
  prepare(): Promise<void>;
  write(): Promise<number>;
  /** Brings the relation to readers; gives the rows that this has added. */
  finish?(): Promise<number>;
}

/**
 * Writes a model's rows of some batches between its hooks: in one transaction, or, in pieces, with
 * one before and one after those of the pieces. Gives the rows written.
 */
export async function writeBetweenHooks(
  context: ModelContext,
  compiled: CompiledHooks,
  batches: readonly string[],
  { anew = false, prepare, write, finish = async () => 0 }: Writing,
): Promise<number> {
  const { client, node } = context;
  const { preHooks, postHooks } = compiled;
  if (parallelBy(node) === undefined) {
    return betweenHooks(context, compiled, async () => {
      await prepare();
      return (await write()) + (await finish());
    });
  }
  await inTransaction(client, async () => {
    await runHooks(client, preHooks);
    await prepare();
  });
  const written = await write();
  return betweenHooks(context, { preHooks: [], postHooks }, async () => {
    await recordBatches(client, node.uniqueId, batches, anew);
    return written + (await finish());
  });
}

/** Brings the comments and the rights of a node's relation to what its properties say. */
export async function publish(
  client: ClientBase,
  node: ModelNode | SeedNode,
  kind: 'table' | 'view',
): Promise<void> {
  await describeRelation(client, node, node.relation, kind);
  await applyGrants(client, node, node.relation);
}

export async function runHooks(client: ClientBase, hooks: readonly string[]): Promise<void> {
  for (const hook of hooks) await client.query(hook);
}
