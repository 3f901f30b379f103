import type { ModelNode } from '../../project/nodes.js';
import { type Relation, renderRelation } from '../../project/relation.js';
import type { CompiledModel } from '../../project/templates/compile.js';
import { parallelBy } from '../batches/shards.js';
import { columnsOf, selectedColumns, without } from '../catalog/relations.js';
import { createIndexes } from '../relations/indexes.js';
import { flagConfig, namesConfig } from '../relations/model-config.js';
import { columnstoreOrder } from '../timescale/columnstore-order.js';
import { hasAutoChunks } from '../timescale/dimensions.js';
import { addKey, applyChunkInterval, makeHypertable } from '../timescale/hypertables.js';
import { applyCompressionSettings, applyPolicies } from '../timescale/policies.js';
import { chooseChunks, followArrival } from './auto-chunks.js';
import { betweenHooks, writeBetweenHooks } from './between-hooks.js';
import { decided, type Materialization, refused } from './decision.js';
import { decideGrowing } from './growing.js';
import { keepUntold } from './keep-untold.js';
import type { ModelContext } from './model-context.js';
import { type BesideBuild, builtAggregates, rebuildBeside } from './rebuild-beside.js';
import { refusedChange, refusedColumns } from './refusals.js';
import { situationOf } from './relation-changes.js';
import { refusedReplacement } from './replacing.js';
import { writeColumnstore } from './write-columnstore.js';
import { createEmptyTable, writeRows } from './write-rows.js';

/**
 * A hypertable is incremental: its rows are only ever added to or corrected. A full refresh builds
 * a new one beside it, and swaps them.
 */
export const hypertable: Materialization = {
  async decide(context) {
    const { client, node } = context;
    const situation = await situationOf(context);
    const { kind, state, configChanged } = situation;
    const refusal = refusedReplacement(context, situation, ['hypertable']);
    if (refusal !== undefined) return refusal;
    const rebuild = context.fullRefresh
      ? '--full-refresh'
      : isWhole(node)
        ? 'its query does not say what is new, so that all of it is written anew'
        : undefined;
    if (kind === undefined || rebuild !== undefined) {
      const decision = await decideGrowing(context, situation, rebuild);
      return kind === undefined
        ? decision
        : { ...decision, rebuiltWith: await builtAggregates(context) };
    }
    const fixed = refusedChange(node, state);
    if (fixed !== undefined) return refused(situation, fixed.message, fixed);
    if (isEmpty(node)) return decided(situation, configChanged ? 'alter' : 'unchanged');
    if (node.config.on_schema_change === 'sync_all_columns') {
      const lost = await context.ask(async () => {
        const { sql } = await context.compile(node, { isIncremental: true });
        const selected = await selectedColumns(client, sql);
        return without(await columnsOf(client, renderRelation(node.relation)), selected);
      });
      const dropped = refusedColumns(node, lost ?? []);
      if (dropped !== undefined) return refused(situation, dropped.message, dropped);
    }
    return decideGrowing(context, situation, undefined);
  },

  async build(context, decision) {
    const { client, node } = context;
    const { action, batches, configChanged } = decision;
    // sorted and told apart in pieces of whole shards only
    const inPieces = parallelBy(node) !== undefined;
    const order = inPieces ? await columnstoreOrder(client, node) : undefined;
    const beside: BesideBuild = {
      create: (relation, compiled) =>
        createEmpty(context, relation, compiled, batches, order === undefined),
      fill: async (relation, compiled) => {
        if (isEmpty(node)) return 0;
        // without new_rows() there are no pieces of it
        const isCut = order !== undefined && compiled.asksNewRows;
        if (order !== undefined && !isCut) await addKey(client, node, relation);
        const written = isCut
          ? await writeColumnstore(context, relation, compiled, batches, order)
          : await writeRows(context, relation, compiled, batches, true);
        const { untold } = decision;
        return written + (untold === undefined ? 0 : await keepUntold(context, relation, untold));
      },
    };
    if (action === 'rebuild') {
      const rows = await rebuildBeside(context, decision, beside);
      return { rows, message: `REBUILD ${rows}` };
    }
    if (action === 'create' && inPieces) {
      const rows = await rebuildBeside(context, decision, beside);
      return { rows, message: `CREATE ${rows}` };
    }
    if (action === 'create') {
      const compiled = await context.compileOwn({ isIncremental: false });
      const rows = await betweenHooks(context, compiled, async () => {
        await beside.create(node.relation, compiled);
        const written = await beside.fill(node.relation, compiled);
        await applyPolicies(client, node, node.relation, true);
        return written;
      });
      return { rows, message: `CREATE ${rows}` };
    }
    const compiled = await context.compileOwn({ isIncremental: true });
    const rows = await writeBetweenHooks(context, compiled, batches, {
      prepare: async () => {
        if (configChanged) await alterHypertable(context);
        if (!context.isSettled) await applyPolicies(client, node, node.relation, configChanged);
      },
      write: async () =>
        isEmpty(node) ? 0 : writeRows(context, node.relation, compiled, batches, false),
    });
    const remarks = hasAutoChunks(node) ? await followArrival(client, node, node.relation) : [];
    return {
      rows,
      message: [`UPSERT ${rows}`, ...remarks].join(', '),
      ...(decision.sqlChanged
        ? {
            warning: `The SQL of ${node.name} has changed: rows from now on follow it, those of before do not. Rebuild them from raw with \`belt transform --full-refresh --select ${node.name}+\`, or a window of them with --event-time-start and --event-time-end.`,
          }
        : {}),
    };
  },
};

/** Whether the query is all of it, as of a table; what others fill is not. */
function isWhole(node: ModelNode): boolean {
  const hasKey = namesConfig(node, 'unique_key').length > 0;
  return !isEmpty(node) && !node.usesNewRows && !node.asksIncremental && !hasKey;
}

function isEmpty(node: ModelNode): boolean {
  return flagConfig(node, 'empty_hypertable', false);
}

async function createEmpty(
  context: ModelContext,
  relation: Relation,
  compiled: CompiledModel,
  batches: readonly string[],
  keyed: boolean,
): Promise<void> {
  const { client, node } = context;
  await createEmptyTable(context, relation, compiled);
  await makeHypertable(client, node, relation, keyed);
  if (hasAutoChunks(node)) await chooseChunks(client, node, relation, compiled.sql, batches);
  await createIndexes(client, node, relation, false);
  await applyCompressionSettings(client, node, relation, 'table');
}

/** Brings the settings of a hypertable that is there in line with its model. */
export async function alterHypertable({ client, node }: ModelContext): Promise<void> {
  await applyChunkInterval(client, node, node.relation);
  await createIndexes(client, node, node.relation, false);
  await applyCompressionSettings(client, node, node.relation, 'table');
}
