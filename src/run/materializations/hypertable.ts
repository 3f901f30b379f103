import type { ModelNode } from '../../project/nodes.js';
import { type Relation, renderRelation } from '../../project/relation.js';
import type { CompiledModel } from '../../project/templates/compile.js';
import { columnsOf, selectedColumns, without } from '../relations/catalog.js';
import { createIndexes } from '../relations/indexes.js';
import { flagConfig, intervalOf, namesConfig, textConfig } from '../relations/model-config.js';
import {
  type Dimension,
  dimensionSql,
  dimensionsOf,
  intervalLiteral,
} from '../timescale/dimensions.js';
import { applyCompressionSettings, applyPolicies } from '../timescale/policies.js';
import { betweenHooks } from './between-hooks.js';
import { decided, type Materialization, refused } from './decision.js';
import { decideGrowing } from './growing.js';
import type { ModelContext } from './model-context.js';
import { builtAggregates, rebuildBeside } from './rebuild-beside.js';
import { refusedChange, refusedColumns } from './refusals.js';
import { situationOf } from './relation-changes.js';
import { refusedReplacement } from './replacing.js';
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
    if (action === 'rebuild') {
      const rows = await rebuildBeside(context, decision, (beside, compiled) =>
        createFilled(context, beside, compiled, batches),
      );
      return { rows, message: `REBUILD ${rows}` };
    }
    if (action === 'create') {
      const compiled = await context.compileOwn({ isIncremental: false });
      const rows = await betweenHooks(context, compiled, async () => {
        const written = await createFilled(context, node.relation, compiled, batches);
        await applyPolicies(client, node, node.relation, true);
        return written;
      });
      return { rows, message: `CREATE ${rows}` };
    }
    const compiled = await context.compileOwn({ isIncremental: true });
    const rows = await betweenHooks(context, compiled, async () => {
      if (configChanged) await alterHypertable(context);
      await applyPolicies(client, node, node.relation, configChanged);
      return isEmpty(node) ? 0 : writeRows(context, node.relation, compiled, batches, false);
    });
    return {
      rows,
      message: `UPSERT ${rows}`,
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

async function createFilled(
  context: ModelContext,
  relation: Relation,
  compiled: CompiledModel,
  batches: readonly string[],
): Promise<number> {
  await createHypertable(context, relation, compiled);
  return isEmpty(context.node) ? 0 : writeRows(context, relation, compiled, batches, true);
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
