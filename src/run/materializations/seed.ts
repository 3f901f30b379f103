import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { PoolClient } from 'pg';
import { inTransaction } from '../../database/transaction.js';
import type { SeedNode } from '../../project/nodes.js';
import { inferColumnType } from '../../project/reading/seeds.js';
import { renderRelation } from '../../project/relation.js';
import type { CompiledHooks } from '../../project/templates/compile.js';
import { readRelationState, writeRelationState } from '../batches/ledger.js';
import { columnsOf, findRelation } from '../catalog/relations.js';
import { keepingDependentViews } from '../relations/dependent-views.js';
import { keepingGrants } from '../relations/grants.js';
import { createIndexes } from '../relations/indexes.js';
import { publish, runHooks } from './between-hooks.js';
import { ABSENT, type Decision, decided } from './decision.js';
import type { ModelOutcome } from './model-context.js';
import { asStored } from './relation-changes.js';
import { refusedReplacement } from './replacing.js';

/** Decides whether the table of a seed is to be loaded from its file. */
export async function decideSeed(
  client: PoolClient,
  node: SeedNode,
  fullRefresh: boolean,
): Promise<Decision> {
  const kind = await findRelation(client, node.relation);
  const state = await readRelationState(client, node.uniqueId);
  const fileChanged = state?.sqlChecksum !== checksumOf(node);
  const situation = {
    kind,
    state,
    sqlChanged: fileChanged,
    configChanged: !isDeepStrictEqual(asStored(node.config), state?.config),
    changes: fileChanged ? ['the file changed'] : [],
  };
  if (kind === undefined) return decided(situation, 'create', [ABSENT]);
  const refusal = refusedReplacement({ node }, situation, ['table']);
  if (refusal !== undefined) return refusal;
  if (!fileChanged && !fullRefresh) return decided(situation, 'unchanged');
  const reasons = fullRefresh ? [...situation.changes, '--full-refresh'] : situation.changes;
  if (await hasColumns(client, node)) return decided(situation, 'update', reasons);
  return decided(situation, 'replace', [...reasons, 'its columns changed']);
}

/** Loads a seed into its table, as far as it was decided to. */
export async function buildSeed(
  client: PoolClient,
  node: SeedNode,
  { action }: Decision,
  { preHooks, postHooks }: CompiledHooks,
): Promise<ModelOutcome> {
  const name = renderRelation(node.relation);
  const isLoaded = action !== 'unchanged';
  await inTransaction(client, async () => {
    await runHooks(client, preHooks);
    const create = () => client.query(`create table ${name} (${definitions(client, node)})`);
    if (action === 'create') await create();
    if (action === 'replace') {
      await keepingDependentViews(client, [node.relation], () =>
        keepingGrants(client, node.relation, async () => {
          await client.query(`drop table ${name}`);
          await create();
        }),
      );
    }
    if (action === 'update') await client.query(`delete from ${name}`);
    if (isLoaded) {
      await client.query(
        `insert into ${name} select * from jsonb_populate_recordset(null::${name}, $1::jsonb)`,
        [JSON.stringify(node.rows)],
      );
      await writeRelationState(client, node.uniqueId, {
        relation: name,
        materialized: 'seed',
        sqlChecksum: checksumOf(node),
        config: node.config,
      });
    }
    await createIndexes(client, node, node.relation, false);
    await publish(client, node, 'table');
    await runHooks(client, postHooks);
  });
  if (isLoaded) await client.query(`analyze ${name}`);
  return {
    rows: node.rows.length,
    message: `${isLoaded ? 'INSERT' : 'UNCHANGED'} ${node.rows.length}`,
  };
}

/** Tells a changed file, or changed types of its columns. */
function checksumOf(node: SeedNode): string {
  return createHash('sha256')
    .update(JSON.stringify([columnTypes(node), node.rows]))
    .digest('hex');
}

interface ColumnType {
  readonly name: string;
  readonly type: string;
}

function columnTypes(node: SeedNode): ColumnType[] {
  const given = (node.config.column_types ?? {}) as Record<string, unknown>;
  return node.header.map((name) => {
    const type = given[name];
    return {
      name,
      type:
        typeof type === 'string'
          ? type
          : inferColumnType(node.rows.map((row) => row[name] ?? null)),
    };
  });
}

function definitions(client: PoolClient, node: SeedNode): string {
  return columnTypes(node)
    .map((column) => `${client.escapeIdentifier(column.name)} ${column.type}`)
    .join(', ');
}

/** Whether the table has the file's columns: then rows are replaced in place, under what reads it. */
async function hasColumns(client: PoolClient, node: SeedNode): Promise<boolean> {
  await client.query(`create temp table belt_seed_shape (${definitions(client, node)})`);
  const shape = await columnsOf(client, 'pg_temp.belt_seed_shape');
  await client.query('drop table pg_temp.belt_seed_shape');
  return isDeepStrictEqual(shape, await columnsOf(client, renderRelation(node.relation)));
}
