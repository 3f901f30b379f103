import type { ClientBase } from 'pg';
import type { ModelNode } from '../../project/nodes.js';
import { type Relation, renderRelation } from '../../project/relation.js';
import { aggregateOf } from '../catalog/aggregates.js';
import { partlyCompressedChunks } from '../catalog/chunks.js';
import { columnsOf } from '../catalog/relations.js';
import { freeName } from '../relations/indexes.js';
import { flagConfig, namesConfig, textConfig } from '../relations/model-config.js';
import {
  type Dimension,
  dimensionSql,
  dimensionsOf,
  fixedChunkInterval,
  intervalLiteral,
} from './dimensions.js';

/** Makes an empty table a hypertable, cut as its model says, and with its key unless that comes later. */
export async function makeHypertable(
  client: ClientBase,
  node: ModelNode,
  relation: Relation,
  keyed: boolean,
): Promise<void> {
  const name = renderRelation(relation);
  const quote = (column: string) => client.escapeIdentifier(column);
  const [main, ...others] = dimensionsOf(node) as [Dimension, ...Dimension[]];
  await client.query(`alter table ${name} alter column ${quote(main.column)} set not null`);
  if (keyed) await addKey(client, node, relation);
  await client.query(
    `select create_hypertable($1::regclass, ${dimensionSql(client, main)}, create_default_indexes => $2)`,
    [name, flagConfig(node, 'create_default_indexes', true)],
  );
  for (const dimension of others) {
    await client.query(`select add_dimension($1::regclass, ${dimensionSql(client, dimension)})`, [
      name,
    ]);
  }
  await setIntegerNow(client, node, relation, main.column);
}

/** Lets the unique_key of a hypertable, if it has one, tell its rows apart. */
export async function addKey(
  client: ClientBase,
  node: ModelNode,
  relation: Relation,
): Promise<void> {
  const key = namesConfig(node, 'unique_key').map((column) => client.escapeIdentifier(column));
  if (key.length === 0) return;
  const name = renderRelation(relation);
  const pkey = await freeName(client, name, `${node.relation.identifier.slice(0, 50)}_pkey`);
  await client.query(
    `alter table ${name} add constraint ${client.escapeIdentifier(pkey)} primary key (${key.join(', ')})`,
  );
}

/** For a dimension that counts integers: the function that tells which one is now. */
async function setIntegerNow(
  client: ClientBase,
  node: ModelNode,
  relation: Relation,
  column: string,
): Promise<void> {
  const name = textConfig(node, 'integer_now_func');
  if (name === undefined) return;
  const body = textConfig(node, 'integer_now_func_sql');
  if (body !== undefined) {
    const columns = await columnsOf(client, renderRelation(relation));
    const type = columns.find((one) => one.name === column)?.type ?? 'bigint';
    await client.query(
      `create or replace function ${name}() returns ${type}
        language sql immutable as ${client.escapeLiteral(body)}`,
    );
  }
  await client.query(
    'select set_integer_now_func($1::regclass, $2::regproc, replace_if_exists => true)',
    [renderRelation(relation), name],
  );
}

/** Sets the width of the chunks to come of a hypertable or continuous aggregate, where the config says one. */
export async function applyChunkInterval(
  client: ClientBase,
  node: ModelNode,
  relation: Relation,
): Promise<void> {
  const interval = fixedChunkInterval(node);
  if (interval === undefined) return;
  const stored = (await aggregateOf(client, relation))?.stored ?? renderRelation(relation);
  await client.query(
    `select set_chunk_time_interval($1::regclass, ${intervalLiteral(client.escapeLiteral(interval))})`,
    [stored],
  );
}

/** Lets a transaction change whole chunks: TimescaleDB would stop at 100,000 compressed rows. */
export async function liftDecompressionLimit(client: ClientBase): Promise<void> {
  await client.query('set local timescaledb.max_tuples_decompressed_per_dml_transaction = 0');
}

/** Compresses again the chunks of a window that were, and now hold loose rows. */
export async function recompress(
  client: ClientBase,
  relation: Relation,
  window: { readonly start: Date; readonly end: Date },
): Promise<void> {
  for (const chunk of await partlyCompressedChunks(client, relation, window)) {
    await client.query('select compress_chunk($1::regclass, if_not_compressed => true)', [chunk]);
  }
}
