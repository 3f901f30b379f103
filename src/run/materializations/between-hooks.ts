import type { ClientBase } from 'pg';
import { inTransaction } from '../../database/transaction.js';
import type { ModelNode, SeedNode } from '../../project/nodes.js';
import type { CompiledHooks } from '../../project/templates/compile.js';
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
