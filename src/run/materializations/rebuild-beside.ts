import { inTransaction } from '../../database/transaction.js';
import { BeltError } from '../../errors.js';
import type { ModelNode } from '../../project/nodes.js';
import type { Relation } from '../../project/relation.js';
import type { CompiledModel } from '../../project/templates/compile.js';
import { recordRebuilt } from '../batches/followed-windows.js';
import { recordBatches } from '../batches/ledger.js';
import { parallelBy } from '../batches/shards.js';
import { aggregatesOnto } from '../catalog/aggregates.js';
import { dropRelation, findRelation, renameRelation } from '../catalog/relations.js';
import { materializedOf } from '../lineage.js';
import { keepingDependentViews } from '../relations/dependent-views.js';
import { copyComments, describeRelation } from '../relations/docs.js';
import { applyGrants, copyGrants } from '../relations/grants.js';
import { applyPolicies } from '../timescale/policies.js';
import { refreshAll } from '../timescale/refresh.js';
import { runHooks } from './between-hooks.js';
import { createAggregate } from './create-aggregate.js';
import type { Decision } from './decision.js';
import type { ModelContext } from './model-context.js';
import { checksumOf } from './relation-changes.js';
import { besideRelation, retiredRelation } from './replacing.js';

/** How the relation of a model itself is built beside the one that readers use. */
export interface BesideBuild {
  create(beside: Relation, compiled: CompiledModel): Promise<void>;
  /** Gives the rows written: in the same transaction, or in those of its pieces. */
  fill(beside: Relation, compiled: CompiledModel): Promise<number>;
}

/**
 * Builds a hypertable or continuous aggregate, and the continuous aggregates over it, beside those
 * that readers use, and swaps them all in one short transaction.
 */
export async function rebuildBeside(
  context: ModelContext,
  { batches, rebuiltWith }: Decision,
  { create, fill }: BesideBuild,
): Promise<number> {
  const { client, node } = context;
  const group = [node, ...rebuiltWith];
  await refuseStrangers(context, group);
  const shadows = new Map(group.map((member) => [member.uniqueId, besideRelation(member)]));
  await dropGroup(context, group, besideRelation);
  await dropGroup(context, group, retiredRelation);
  try {
    const target = besideRelation(node);
    const compiled = await context.compileOwn({ isIncremental: false, target, shadows });
    const begin = async () => {
      await runHooks(client, compiled.preHooks);
      await create(target, compiled);
    };
    const inPieces = parallelBy(node) !== undefined;
    if (inPieces) await inTransaction(client, begin);
    const rows = inPieces
      ? await fill(target, compiled)
      : await inTransaction(client, async () => {
          await begin();
          return fill(target, compiled);
        });
    for (const member of rebuiltWith) {
      const beside = besideRelation(member);
      const use = { isIncremental: false, target: beside, shadows };
      const { sql } = await context.compile(member, use);
      await inTransaction(client, () => createAggregate(context, member, beside, sql));
    }
    for (const member of group) {
      if (materializedOf(member) === 'continuous_aggregate') {
        await refreshAll(client, besideRelation(member));
      }
    }
    await inTransaction(client, async () => {
      await swapGroup(context, group);
      for (const member of group) {
        // without batches it is not fed by them: what its ledger says stays so
        if ((member.usesNewRows && !inPieces) || batches.length === 0) continue;
        await recordBatches(client, member.uniqueId, batches, true);
      }
      if (node.usesNewRows) await recordRebuilt(client, node.uniqueId, checksumOf(compiled.sql));
      await runHooks(client, compiled.postHooks);
    });
    await dropGroup(context, group, retiredRelation);
    return rows;
  } catch (error) {
    await dropGroup(context, group, besideRelation).catch(() => undefined);
    throw error;
  }
}

/** The continuous aggregates over a model that have been built. */
export async function builtAggregates(context: ModelContext): Promise<ModelNode[]> {
  const built: ModelNode[] = [];
  for (const aggregate of context.aggregatesOver) {
    const kind = await findRelation(context.client, aggregate.relation);
    if (kind === 'continuous_aggregate') built.push(aggregate);
  }
  return built;
}

/** A continuous aggregate that no model describes cannot be made again over the new relation. */
async function refuseStrangers(context: ModelContext, group: readonly ModelNode[]): Promise<void> {
  const names = await aggregatesOnto(context.client, await builtRelations(context, group));
  if (names.length === 0) return;
  throw new BeltError(
    `${context.node.name} cannot be rebuilt: the continuous ${names.length === 1 ? 'aggregate' : 'aggregates'} ${names.join(', ')} over it ${names.length === 1 ? 'is' : 'are'} not a model of this project.`,
    {
      location: { file: context.node.path },
      hint: "Drop it, or write it as a model with materialized='continuous_aggregate'.",
    },
  );
}

/** Those relations of models that are there: all, unless it is the first build. */
async function builtRelations(
  { client }: ModelContext,
  group: readonly ModelNode[],
): Promise<Relation[]> {
  const built: Relation[] = [];
  for (const { relation } of group) {
    if ((await findRelation(client, relation)) !== undefined) built.push(relation);
  }
  return built;
}

/** What reads a relation is dropped before it. */
async function dropGroup(
  context: ModelContext,
  group: readonly ModelNode[],
  nameOf: (node: ModelNode) => Relation,
): Promise<void> {
  for (const member of group.toReversed()) await dropRelation(context.client, nameOf(member));
}

async function swapGroup(context: ModelContext, group: readonly ModelNode[]): Promise<void> {
  const { client } = context;
  const built = await builtRelations(context, group);
  await keepingDependentViews(client, built, async () => {
    for (const member of group) {
      const beside = besideRelation(member);
      const kind = materializedOf(member) === 'continuous_aggregate' ? 'view' : 'table';
      const isThere = built.includes(member.relation);
      if (isThere) await copyGrants(client, member.relation, beside);
      await applyGrants(client, member, beside);
      await describeRelation(client, member, beside, kind);
      if (isThere) {
        await copyComments(client, member.relation, beside, kind);
        await renameRelation(client, member.relation, retiredRelation(member).identifier);
      }
      await renameRelation(client, beside, member.relation.identifier);
      await applyPolicies(client, member, member.relation, true);
    }
  });
}
