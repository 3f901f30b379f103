import type { ClientBase } from 'pg';
import type { ModelNode } from '../../project/nodes.js';
import { flagConfig, groupConfig, namesConfig } from '../relations/model-config.js';
import { dimensionsOf } from './dimensions.js';
import { compressionOrder } from './policies.js';

/** Lets INSERT write into the columnstore: rows come sorted as it keeps them, each segment at once. */
export const COLUMNSTORE_INSERT = [
  'set local timescaledb.enable_direct_compress_insert = on',
  'set local timescaledb.enable_direct_compress_insert_client_sorted = on',
];

/** How rows come sorted into the columnstore, and by which columns they are told apart. */
export interface ColumnstoreOrder {
  /** Terms of ORDER BY: those that segments are cut by, and those that order them. */
  readonly terms: readonly string[];
  readonly key: readonly string[];
}

/**
 * How the first rows of a hypertable are to come to be written straight into the columnstore;
 * undefined where they are not: on a server older than TimescaleDB 2.22, or where more than its
 * unique_key, which is what the columnstore is sorted by, tells rows apart or restricts them.
 */
export async function columnstoreOrder(
  client: ClientBase,
  node: ModelNode,
): Promise<ColumnstoreOrder | undefined> {
  const { incremental_strategy: strategy, indexes, contract } = node.config;
  const order = compressionOrder(node);
  const key = namesConfig(node, 'unique_key');
  const sorted = [...order.segments, ...order.order.map(({ column }) => column)];
  const isPlain =
    strategy === 'upsert' &&
    groupConfig(node, 'compression') !== undefined &&
    order.segments.length > 0 &&
    order.order.length > 0 &&
    key.length === sorted.length &&
    key.every((name) => sorted.includes(name)) &&
    indexes === undefined &&
    contract === undefined &&
    dimensionsOf(node).length === 1 &&
    !flagConfig(node, 'empty_hypertable', false);
  if (!isPlain) return undefined;
  const { rows } = await client.query<{ known: boolean }>(
    `select count(*) = 2 as known from pg_settings where name in
      ('timescaledb.enable_direct_compress_insert', 'timescaledb.enable_direct_compress_insert_client_sorted')`,
  );
  if (rows[0]?.known !== true) return undefined;
  const quote = (name: string) => client.escapeIdentifier(name);
  return {
    terms: [
      ...order.segments.map(quote),
      ...order.order.map(({ column, direction }) => `${quote(column)}${direction}`),
    ],
    key: key.map(quote),
  };
}
