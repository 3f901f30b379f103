import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { ClientBase } from 'pg';
import type { ModelNode, SeedNode } from '../../project/nodes.js';
import { isMap } from '../../project/reading/yaml-file.js';
import { type Relation, renderRelation } from '../../project/relation.js';
import { aggregateOf } from '../catalog/aggregates.js';
import { namesConfig, namesOf } from './model-config.js';

interface IndexConfig {
  readonly columns: readonly string[];
  readonly unique: boolean;
  readonly type: string;
}

/**
 * Makes the indexes of a model's config `indexes`, and a unique one over its unique_key where
 * `uniqueKey` says so; those that exist already stay.
 */
export async function createIndexes(
  client: ClientBase,
  node: ModelNode | SeedNode,
  relation: Relation,
  uniqueKey: boolean,
): Promise<void> {
  const key = namesConfig(node, 'unique_key');
  const wanted = indexConfigs(node);
  if (uniqueKey && key.length > 0) wanted.unshift({ columns: key, unique: true, type: 'btree' });
  const table = (await aggregateOf(client, relation))?.stored ?? renderRelation(relation);
  const existing = new Set((await existingIndexes(client, table)).map(signature));
  for (const index of wanted) {
    if (existing.has(signature(index))) continue;
    existing.add(signature(index));
    const columns = index.columns.map((name) => client.escapeIdentifier(name)).join(', ');
    const name = await freeName(client, table, indexName(node.relation, index));
    await client.query(
      `create ${index.unique ? 'unique ' : ''}index ${client.escapeIdentifier(name)}
        on ${renderRelation(relation)} using ${index.type} (${columns})`,
    );
  }
}

/**
 * Gives the indexes of a table that was built beside another one, under the name `built`, the names
 * that they have otherwise. Not for hypertables: each of their chunks would be touched.
 */
export async function settleIndexNames(
  client: ClientBase,
  relation: Relation,
  built: Relation,
): Promise<void> {
  for (const { name } of await existingIndexes(client, renderRelation(relation))) {
    const settled = name.startsWith(built.identifier)
      ? `${relation.identifier}${name.slice(built.identifier.length)}`
      : name.replace(/(_[0-9a-f]{8})_2$/, '$1');
    if (settled === name) continue;
    await client.query(
      `alter index ${renderRelation({ ...relation, identifier: name })} rename to ${client.escapeIdentifier(settled)}`,
    );
  }
}

/** A name for an index of a table, another one while what it replaces has an index of that name. */
export async function freeName(client: ClientBase, table: string, name: string): Promise<string> {
  const { rows } = await client.query(
    `select from pg_class where relname = $2
      and relnamespace = (select relnamespace from pg_class where oid = $1::regclass)`,
    [table, name],
  );
  return rows.length === 0 ? name : `${name}_2`;
}

/** The name of the index of a relation over these columns, in this order. */
export async function indexNameOf(
  client: ClientBase,
  relation: Relation,
  columns: readonly string[],
): Promise<string | undefined> {
  const indexes = await existingIndexes(client, renderRelation(relation));
  return indexes.find((index) => isDeepStrictEqual(index.columns, columns))?.name;
}

/** The indexes of the configs `indexes` and `reorder_policy`. */
function indexConfigs({ config }: ModelNode | SeedNode): IndexConfig[] {
  const { reorder_policy: reorder } = config;
  const ordering =
    isMap(reorder) && isMap(reorder.index) && reorder.create_index !== false ? [reorder.index] : [];
  const listed = (config.indexes ?? []) as readonly Partial<IndexConfig>[];
  return [...listed, ...(ordering as readonly Partial<IndexConfig>[])].map(
    ({ columns, unique = false, type = 'btree' }) => ({ columns: namesOf(columns), unique, type }),
  );
}

async function existingIndexes(
  client: ClientBase,
  table: string,
): Promise<(IndexConfig & { readonly name: string })[]> {
  const { rows } = await client.query<IndexConfig & { name: string }>(
    `select class.relname as name, array(
          select attribute.attname::text
          from unnest(index.indkey) with ordinality as key (attnum, position)
          join pg_attribute as attribute
            on attribute.attrelid = index.indrelid and attribute.attnum = key.attnum
          order by key.position
        ) as columns, index.indisunique as unique, method.amname as type
      from pg_index as index
      join pg_class as class on class.oid = index.indexrelid
      join pg_am as method on method.oid = class.relam
      where index.indrelid = $1::regclass and index.indpred is null
      order by 1`,
    [table],
  );
  return rows;
}

function signature(index: IndexConfig): string {
  return JSON.stringify([index.columns, index.unique, index.type]);
}

/** The name of an index: the same one in each database, and of 60 bytes at the most. */
function indexName(relation: Relation, index: IndexConfig): string {
  const part = (text: string) => text.replace(/\W/g, '_').slice(0, 24);
  const digest = createHash('sha256')
    .update(`${signature(index)} ${relation.identifier}`)
    .digest('hex')
    .slice(0, 8);
  return `${part(relation.identifier)}_${part(index.columns.join('_'))}_${digest}`;
}
