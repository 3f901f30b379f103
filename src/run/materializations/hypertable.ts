import { inTransaction } from '../../database/transaction.js';
import type { ModelNode } from '../../project/nodes.js';
import { type Relation, renderRelation } from '../../project/relation.js';
import type { CompiledModel } from '../../project/templates/compile.js';
import { readRelationState } from '../batches/ledger.js';
import { findRelation } from '../relations/catalog.js';
import { describeRelation } from '../relations/docs.js';
import { applyGrants } from '../relations/grants.js';
import { createIndexes } from '../relations/indexes.js';
import { flagConfig, intervalOf, namesConfig, textConfig } from '../relations/model-config.js';
import {
  type Dimension,
  dimensionSql,
  dimensionsOf,
  intervalLiteral,
} from '../timescale/dimensions.js';
import { applyCompressionSettings, applyPolicies } from '../timescale/policies.js';
import type { Materialization, ModelContext } from './model-context.js';
import { rebuildBeside } from './rebuild-beside.js';
import { refusedChange } from './refusals.js';
import { configChanged, sqlChanged } from './relation-changes.js';
import { refuseToReplace } from './replacing.js';
import { createEmptyTable, writeRows } from './write-rows.js';

/**
 * A hypertable is incremental: its rows are only ever added to or corrected. A full refresh builds
 * a new one beside it, and swaps them.
 */
export const hypertable: Materialization = async (context) => {
  const { client, node } = context;
  const kind = await findRelation(client, node.relation);
  await refuseToReplace(context, kind, ['hypertable']);
  const empty = flagConfig(node, 'empty_hypertable', false);
  // a query that does not say what is new is all of it, as in a table; what others filled stays
  const whole = !empty && !node.usesNewRows && !node.asksIncremental && !hasKey(node);
  if (kind === 'hypertable' && (context.fullRefresh || whole)) {
    const rows = await rebuildBeside(context, (beside, shadows) => fill(context, beside, shadows));
    return { rows, message: `REBUILD ${rows}` };
  }
  const state = await readRelationState(client, node.uniqueId);
  const refused = kind === undefined ? undefined : refusedChange(node, state);
  if (refused !== undefined) throw refused;
  const compiled = await context.compile(node, { isIncremental: true });
  const rows = await inTransaction(client, async () => {
    for (const hook of compiled.preHooks) await client.query(hook);
    if (kind === undefined) {
      await createHypertable(
        context,
        node.relation,
        await context.compile(node, { isIncremental: false }),
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
    const written = empty
      ? 0
      : await writeRows(context, node.relation, compiled, kind === undefined);
    await describeRelation(client, node, node.relation, 'table');
    await applyGrants(client, node, node.relation);
    for (const hook of compiled.postHooks) await client.query(hook);
    return written;
  });
  const changed = kind !== undefined && (await sqlChanged(context, state));
  return {
    rows,
    message: `${kind === undefined ? 'CREATE' : 'UPSERT'} ${rows}`,
    ...(changed
      ? {
          warning: `The SQL of ${node.name} has changed: rows from now on follow it, those of before do not. Rebuild them from raw with \`belt transform --full-refresh --select ${node.name}+\`, or a window of them with --event-time-start and --event-time-end.`,
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
  const compiled = await context.compile(node, { isIncremental: true, target, shadows });
  for (const hook of compiled.preHooks) await client.query(hook);
  await createHypertable(
    context,
    target,
    await context.compile(node, { isIncremental: false, target, shadows }),
  );
  const empty = flagConfig(node, 'empty_hypertable', false);
  const rows = empty ? 0 : await writeRows(context, target, compiled, true);
  return rows;
}

async function createHypertable(
  context: ModelContext,
  relation: Relation,
  compiled: CompiledModel,
): Promise<void> {
  const { client, node } = context;
  const name = renderRelation(relation);
  const [main, ...others] = dimensionsOf(node) as [Dimension, ...Dimension[]];
  await createEmptyTable(context, relation, compiled);
  const key = namesConfig(node, 'unique_key').map((column) => client.escapeIdentifier(column));
  await client.query(
    `alter table ${name} alter column ${client.escapeIdentifier(main.column)} set not null`,
  );
  if (key.length > 0) await client.query(`alter table ${name} add primary key (${key.join(', ')})`);
  await client.query(
    `select create_hypertable($1::regclass, ${dimensionSql(client, main)}, create_default_indexes => $2)`,
    [name, flagConfig(node, 'create_default_indexes', true)],
  );
  for (const dimension of others) {
    await client.query(`select add_dimension($1::regclass, ${dimensionSql(client, dimension)})`, [
      name,
    ]);
  }
  await setIntegerNow(context, relation);
  await createIndexes(client, node, relation, false);
  await applyCompressionSettings(client, node, relation, 'table');
}

/** For a dimension that counts integers: the function that tells which one is now. */
async function setIntegerNow({ client, node }: ModelContext, relation: Relation): Promise<void> {
  const name = textConfig(node, 'integer_now_func');
  if (name === undefined) return;
  const body = textConfig(node, 'integer_now_func_sql');
  if (body !== undefined) {
    const main = (dimensionsOf(node)[0] as Dimension).column;
    const { rows } = await client.query<{ type: string }>(
      `select format_type(atttypid, null) as type from pg_attribute
        where attrelid = $1::regclass and attname = $2`,
      [renderRelation(relation), main],
    );
    await client.query(
      `create or replace function ${name}() returns ${rows[0]?.type ?? 'bigint'}
        language sql immutable as ${client.escapeLiteral(body)}`,
    );
  }
  await client.query(
    'select set_integer_now_func($1::regclass, $2::regproc, replace_if_exists => true)',
    [renderRelation(relation), name],
  );
}

function hasKey(node: ModelNode): boolean {
  return namesConfig(node, 'unique_key').length > 0;
}

export async function alterHypertable(context: ModelContext): Promise<void> {
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
