import { createHash } from 'node:crypto';
import type { ClientBase } from 'pg';
import { BeltError } from '../../errors.js';
import type { ModelNode, SeedNode } from '../../project/nodes.js';
import { isMap } from '../../project/reading/yaml-file.js';
import { type Relation, renderRelation } from '../../project/relation.js';
import { namesConfig, namesOf } from './model-config.js';

interface IndexConfig {
  readonly columns: readonly string[];
  readonly unique: boolean;
  readonly type: string;
}

const INDEX_TYPES = ['btree', 'hash', 'gin', 'gist', 'brin', 'spgist'];

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
  const existing = await existingIndexes(client, relation);
  for (const index of wanted) {
    if (existing.has(signature(index))) continue;
    const columns = index.columns.map((name) => client.escapeIdentifier(name)).join(', ');
    const name = client.escapeIdentifier(indexName(relation, index));
    await client.query(
      `create ${index.unique ? 'unique ' : ''}index ${name} on ${renderRelation(relation)}
        using ${index.type} (${columns})`,
    );
  }
}

/** The name of the index of a relation over these columns, in this order. */
export async function indexNameOf(
  client: ClientBase,
  relation: Relation,
  columns: readonly string[],
): Promise<string | undefined> {
  const { rows } = await client.query<{ name: string }>(
    `select class.relname as name
      from pg_index as index join pg_class as class on class.oid = index.indexrelid
      where index.indrelid = $1::regclass and $2::text[] = array(
        select attribute.attname::text
        from unnest(index.indkey) with ordinality as key (attnum, position)
        join pg_attribute as attribute
          on attribute.attrelid = index.indrelid and attribute.attnum = key.attnum
        order by key.position
      )
      limit 1`,
    [renderRelation(relation), columns],
  );
  return rows[0]?.name;
}

/** The indexes of the configs `indexes` and `reorder_policy`. */
function indexConfigs(node: ModelNode | SeedNode): IndexConfig[] {
  const { indexes, reorder_policy: reorder } = node.config;
  const listed: unknown = indexes ?? [];
  if (!Array.isArray(listed)) throw wrongIndex(node);
  const ordering =
    isMap(reorder) && isMap(reorder.index) && reorder.create_index !== false ? [reorder.index] : [];
  return [...(listed as unknown[]), ...ordering].map((entry: unknown) => {
    if (typeof entry !== 'object' || entry === null) throw wrongIndex(node);
    const { columns, unique, type } = entry as Record<string, unknown>;
    const kind = typeof type === 'string' ? type : 'btree';
    const names = namesOf(node, 'indexes.columns', columns);
    if (names.length === 0 || !INDEX_TYPES.includes(kind)) throw wrongIndex(node);
    return { columns: names, unique: unique === true, type: kind };
  });
}

function wrongIndex(node: ModelNode | SeedNode): BeltError {
  return new BeltError(`The config indexes of ${node.name} is not a list of indexes.`, {
    location: { file: node.path },
    hint: `Write it as indexes=[{'columns': ['a', 'b'], 'unique': true, 'type': 'btree'}]; types are ${INDEX_TYPES.join(', ')}.`,
  });
}

async function existingIndexes(client: ClientBase, relation: Relation): Promise<Set<string>> {
  const { rows } = await client.query<IndexConfig>(
    `select array(
          select attribute.attname::text
          from unnest(index.indkey) with ordinality as key (attnum, position)
          join pg_attribute as attribute
            on attribute.attrelid = index.indrelid and attribute.attnum = key.attnum
          order by key.position
        ) as columns, index.indisunique as unique, method.amname as type
      from pg_index as index
      join pg_class as class on class.oid = index.indexrelid
      join pg_am as method on method.oid = class.relam
      where index.indrelid = $1::regclass and index.indpred is null`,
    [renderRelation(relation)],
  );
  return new Set(rows.map(signature));
}

function signature(index: IndexConfig): string {
  return JSON.stringify([index.columns, index.unique, index.type]);
}

/** A name that differs between a relation and the one that is built beside it. */
function indexName(relation: Relation, index: IndexConfig): string {
  const digest = createHash('sha256')
    .update(`${signature(index)} ${relation.identifier} ${Date.now()}`)
    .digest('hex')
    .slice(0, 8);
  return `${relation.identifier.slice(0, 24)}_${index.columns.join('_').slice(0, 24)}_${digest}`;
}
