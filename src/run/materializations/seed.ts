import { createHash } from 'node:crypto';
import type { PoolClient } from 'pg';
import { inTransaction } from '../../database/transaction.js';
import type { SeedNode } from '../../project/nodes.js';
import { inferColumnType } from '../../project/reading/seeds.js';
import { renderRelation } from '../../project/relation.js';
import { readRelationState, writeRelationState } from '../batches/ledger.js';
import { columnsOf, findRelation } from '../relations/catalog.js';
import { keepingDependentViews } from '../relations/dependent-views.js';
import { describeRelation } from '../relations/docs.js';
import { applyGrants, grantWarning } from '../relations/grants.js';
import type { ModelOutcome } from './model-context.js';

/** Loads a seed into its table, if it is not there already as it is in the file. */
export async function loadSeed(
  client: PoolClient,
  node: SeedNode,
  fullRefresh: boolean,
): Promise<ModelOutcome> {
  const name = renderRelation(node.relation);
  const columns = columnTypes(node);
  const state = {
    relation: name,
    materialized: 'seed',
    sqlChecksum: seedChecksum(node),
    config: node.config,
  };
  const exists = (await findRelation(client, node.relation)) !== undefined;
  const before = await readRelationState(client, node.uniqueId);
  const publish = async () => {
    await describeRelation(client, node, node.relation, 'table');
    await applyGrants(client, node, node.relation);
    const warning = await grantWarning(client, node);
    return warning === undefined ? {} : { warning };
  };
  if (exists && !fullRefresh && before?.sqlChecksum === state.sqlChecksum) {
    const warning = await inTransaction(client, publish);
    return { rows: node.rows.length, message: `UNCHANGED ${node.rows.length}`, ...warning };
  }
  const warning = await inTransaction(client, async () => {
    if (exists && (await sameColumns(client, name, columns))) {
      await client.query(`delete from ${name}`);
    } else {
      await keepingDependentViews(client, exists ? [node.relation] : [], async () => {
        await client.query(`drop table if exists ${name}`);
        const definitions = columns.map(
          (column) => `${client.escapeIdentifier(column.name)} ${column.type}`,
        );
        await client.query(`create table ${name} (${definitions.join(', ')})`);
      });
    }
    await client.query(
      `insert into ${name} select * from jsonb_populate_recordset(null::${name}, $1::jsonb)`,
      [JSON.stringify(node.rows)],
    );
    await writeRelationState(client, node.uniqueId, state);
    return publish();
  });
  await client.query(`analyze ${name}`);
  return { rows: node.rows.length, message: `INSERT ${node.rows.length}`, ...warning };
}

/** Tells a changed file, or changed types of its columns. */
export function seedChecksum(node: SeedNode): string {
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

/** Rows of a table whose columns stay are replaced in place, so that what reads it is not touched. */
async function sameColumns(
  client: PoolClient,
  name: string,
  wanted: readonly ColumnType[],
): Promise<boolean> {
  await client.query(
    `create temp table belt_seed_shape (${wanted
      .map((column) => `${client.escapeIdentifier(column.name)} ${column.type}`)
      .join(', ')}) on commit drop`,
  );
  const shape = await columnsOf(client, 'pg_temp.belt_seed_shape');
  const existing = await columnsOf(client, name);
  return JSON.stringify(shape) === JSON.stringify(existing);
}
