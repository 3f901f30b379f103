import { inTransaction } from '../../database/transaction.js';
import { BeltError } from '../../errors.js';
import type { CompiledModel } from '../../project/compile.js';
import { type Relation, renderRelation } from '../../project/relation.js';
import { createEmptyTable, writeRows } from '../build-rows.js';
import { findRelation } from '../catalog.js';
import { createIndexes } from '../indexes.js';
import { readRelationState } from '../ledger.js';
import { flagConfig, intervalOf, namesConfig, textConfig } from '../model-config.js';
import type { Materialization, ModelContext } from '../model-context.js';
import { applyCompressionSettings, applyPolicies } from '../policies.js';
import { rebuildBeside } from '../rebuild-beside.js';
import { configChanged, sqlChanged } from '../relation-changes.js';
import { describeRelation } from '../relation-docs.js';
import { applyGrants } from '../relation-grants.js';
import { refuseToReplace } from '../replacing.js';

/**
 * A hypertable is incremental: its rows are only ever added to or corrected. A full refresh builds
 * a new one beside it, and swaps them.
 */
export const hypertable: Materialization = async (context) => {
  const { client, node } = context;
  const kind = await findRelation(client, node.relation);
  await refuseToReplace(context, kind, ['hypertable']);
  if (kind === 'hypertable' && context.fullRefresh) {
    const rows = await rebuildBeside(context, (beside, shadows) => fill(context, beside, shadows));
    return { rows, message: `REBUILD ${rows}` };
  }
  const state = await readRelationState(client, node.uniqueId);
  const compiled = context.compile(node, { isIncremental: true });
  const rows = await inTransaction(client, async () => {
    for (const hook of compiled.preHooks) await client.query(hook);
    if (kind === undefined) {
      await createHypertable(
        context,
        node.relation,
        context.compile(node, { isIncremental: false }),
      );
    } else if (configChanged(node, state)) {
      await alterHypertable(context);
    }
    await applyPolicies(
      client,
      node,
      node.relation,
      kind === undefined || configChanged(node, state),
    );
    const written = await writeRows(context, node.relation, compiled, kind === undefined);
    await describeRelation(client, node, node.relation, 'table');
    await applyGrants(client, node, node.relation);
    for (const hook of compiled.postHooks) await client.query(hook);
    return written;
  });
  const changed = kind !== undefined && sqlChanged(context, state);
  return {
    rows,
    message: `${kind === undefined ? 'CREATE' : 'UPSERT'} ${rows}`,
    ...(changed
      ? {
          warning: `The SQL of ${node.name} has changed: rows from now on follow it, those of before do not. Run \`belt transform --full-refresh --select ${node.name}+\` to rebuild them from raw.`,
        }
      : {}),
  };
};

async function fill(
  context: ModelContext,
  target: Relation,
  shadows: ReadonlyMap<string, Relation>,
): Promise<number> {
  const { client, node } = context;
  const compiled = context.compile(node, { isIncremental: true, target, shadows });
  for (const hook of compiled.preHooks) await client.query(hook);
  await createHypertable(
    context,
    target,
    context.compile(node, { isIncremental: false, target, shadows }),
  );
  const rows = await writeRows(context, target, compiled, true);
  await describeRelation(client, node, target, 'table');
  await applyGrants(client, node, target);
  return rows;
}

async function createHypertable(
  context: ModelContext,
  relation: Relation,
  compiled: CompiledModel,
): Promise<void> {
  const { client, node } = context;
  const name = renderRelation(relation);
  const dimension = mainDimension(context);
  const interval = intervalOf(node, 'chunk_time_interval', node.config.chunk_time_interval);
  await createEmptyTable(context, relation, compiled);
  const key = namesConfig(node, 'unique_key').map((column) => client.escapeIdentifier(column));
  await client.query(
    `alter table ${name} alter column ${client.escapeIdentifier(dimension)} set not null`,
  );
  if (key.length > 0) await client.query(`alter table ${name} add primary key (${key.join(', ')})`);
  await client.query(
    `select create_hypertable($1::regclass,
      ${interval === undefined ? 'by_range($2)' : `by_range($2, ${intervalLiteral(client.escapeLiteral(interval))})`},
      create_default_indexes => $3)`,
    [name, dimension, flagConfig(node, 'create_default_indexes', true)],
  );
  await createIndexes(client, node, relation, false);
  await applyCompressionSettings(client, node, relation, 'table');
}

/** A plain number counts in the units of an integer dimension. */
function intervalLiteral(literal: string): string {
  return /^'\d+'$/.test(literal) ? `${literal}::bigint` : `${literal}::interval`;
}

async function alterHypertable(context: ModelContext): Promise<void> {
  const { client, node } = context;
  const interval = intervalOf(node, 'chunk_time_interval', node.config.chunk_time_interval);
  if (interval !== undefined) {
    await client.query(
      `select set_chunk_time_interval($1::regclass, ${intervalLiteral(client.escapeLiteral(interval))})`,
      [renderRelation(node.relation)],
    );
  }
  await createIndexes(client, node, node.relation, false);
  await applyCompressionSettings(client, node, node.relation, 'table');
}

function mainDimension(context: ModelContext): string {
  const { node } = context;
  const dimension = textConfig(node, 'main_dimension') ?? textConfig(node, 'time_column_name');
  if (dimension === undefined) {
    throw new BeltError(`The hypertable ${node.name} names no main_dimension.`, {
      location: { file: node.path },
      hint: "Name the time column in config(): main_dimension='ts'.",
    });
  }
  return /^by_range\(\s*'([^']+)'/.exec(dimension)?.[1] ?? dimension;
}
