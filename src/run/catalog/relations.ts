import type { ClientBase } from 'pg';
import { type Relation, renderRelation } from '../../project/relation.js';

/** What kind of object a relation name stands for in the database. */
export type RelationKind = 'table' | 'view' | 'hypertable' | 'continuous_aggregate' | 'other';

/** The kind of a relation, or undefined if there is none of that name. */
export async function findRelation(
  client: ClientBase,
  relation: Relation,
): Promise<RelationKind | undefined> {
  const { rows } = await client.query<{ kind: RelationKind }>(
    `select case
        when exists (
          select from _timescaledb_catalog.continuous_agg
          where user_view_schema = $1 and user_view_name = $2
        ) then 'continuous_aggregate'
        when exists (
          select from _timescaledb_catalog.hypertable
          where schema_name = $1 and table_name = $2
        ) then 'hypertable'
        when class.relkind in ('r', 'p') then 'table'
        when class.relkind = 'v' then 'view'
        else 'other'
      end as kind
      from pg_class as class
      join pg_namespace as namespace on namespace.oid = class.relnamespace
      where namespace.nspname = $1 and class.relname = $2
        and class.relkind in ('r', 'p', 'v', 'm', 'f')`,
    [relation.schema, relation.identifier],
  );
  return rows[0]?.kind;
}

/** SQL for whether a view, by its pg_class and pg_namespace, is not one of TimescaleDB's making. */
export const IS_PLAIN_VIEW = `(
  namespace.nspname not like '\\_timescaledb%'
  and not exists (
    select from _timescaledb_catalog.continuous_agg
    where user_view_schema = namespace.nspname and user_view_name = class.relname
  )
)`;

/** A column as the database has it. */
export interface Column {
  readonly name: string;
  readonly type: string;
}

/** The columns of a relation, in order. */
export async function columnsOf(client: ClientBase, relation: string): Promise<Column[]> {
  const { rows } = await client.query<Column>(
    `select attname as name, format_type(atttypid, atttypmod) as type
      from pg_attribute
      where attrelid = $1::regclass and attnum > 0 and not attisdropped
      order by attnum`,
    [relation],
  );
  return rows;
}

/** The columns that a query would give. */
export async function selectedColumns(client: ClientBase, sql: string): Promise<Column[]> {
  await client.query(`create temp table belt_shape as\n${sql}\nwith no data`);
  const columns = await columnsOf(client, 'pg_temp.belt_shape');
  await client.query('drop table pg_temp.belt_shape');
  return columns;
}

/** The columns whose names are not among those of `others`. */
export function without(columns: readonly Column[], others: readonly Column[]): Column[] {
  const names = new Set(others.map(({ name }) => name));
  return columns.filter(({ name }) => !names.has(name));
}

/** Drops a relation of any kind, if it is there. */
export async function dropRelation(client: ClientBase, relation: Relation): Promise<void> {
  const name = renderRelation(relation);
  switch (await findRelation(client, relation)) {
    case 'view':
      await client.query(`drop view ${name}`);
      break;
    case 'continuous_aggregate':
      await client.query(`drop materialized view ${name}`);
      break;
    case 'table':
    case 'hypertable':
      await client.query(`drop table ${name}`);
      break;
    case 'other':
      await client.query(`drop materialized view ${name}`);
      break;
    case undefined:
      break;
  }
}

/** Renames a table, hypertable or continuous aggregate within its schema. */
export async function renameRelation(
  client: ClientBase,
  relation: Relation,
  identifier: string,
): Promise<void> {
  const keyword =
    (await findRelation(client, relation)) === 'continuous_aggregate'
      ? 'materialized view'
      : 'table';
  await client.query(
    `alter ${keyword} ${renderRelation(relation)} rename to ${client.escapeIdentifier(identifier)}`,
  );
}
