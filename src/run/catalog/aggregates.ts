import type { ClientBase } from 'pg';
import { type Relation, renderRelation } from '../../project/relation.js';

/** A continuous aggregate as TimescaleDB keeps it; relations are such as SQL names them. */
export interface Aggregate {
  /** The hypertable that it reads; of one over another one, what that is stored in. */
  readonly reads: string;
  readonly readsTime: string;
  /** The hypertable that its buckets are stored in. */
  readonly stored: string;
  readonly storedTime: string;
  /** For example `01:00:00`. */
  readonly bucketWidth: string;
}

/** The continuous aggregate of this name; undefined where there is none. */
export async function aggregateOf(
  client: ClientBase,
  relation: Relation,
): Promise<Aggregate | undefined> {
  const { rows } = await client.query<Aggregate>(
    `select
        format('%I.%I', aggregate.hypertable_schema, aggregate.hypertable_name) as reads,
        reads.column_name as "readsTime",
        format('%I.%I', stored.hypertable_schema, stored.hypertable_name) as stored,
        stored.column_name as "storedTime",
        bucket.bucket_width as "bucketWidth"
      from timescaledb_information.continuous_aggregates as aggregate
      join timescaledb_information.dimensions as reads
        on reads.hypertable_schema = aggregate.hypertable_schema
        and reads.hypertable_name = aggregate.hypertable_name and reads.dimension_number = 1
      join timescaledb_information.dimensions as stored
        on stored.hypertable_schema = aggregate.materialization_hypertable_schema
        and stored.hypertable_name = aggregate.materialization_hypertable_name
        and stored.dimension_number = 1
      join _timescaledb_catalog.continuous_agg as catalog
        on catalog.user_view_schema = aggregate.view_schema
        and catalog.user_view_name = aggregate.view_name
      cross join lateral _timescaledb_functions.cagg_get_bucket_function_info(
        catalog.mat_hypertable_id
      ) as bucket
      where aggregate.view_schema = $1 and aggregate.view_name = $2`,
    [relation.schema, relation.identifier],
  );
  return rows[0];
}

/** Names of the continuous aggregates over these relations, direct and indirect, but for themselves. */
export async function aggregatesOnto(
  client: ClientBase,
  relations: readonly Relation[],
): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `with recursive aggregate as (
        select format('%I.%I', view_schema, view_name)::regclass as relation,
          format('%I.%I', hypertable_schema, hypertable_name)::regclass as reads,
          format('%I.%I', materialization_hypertable_schema, materialization_hypertable_name)::regclass
            as materialization
        from timescaledb_information.continuous_aggregates
      ),
      member (relation, materialization) as (
        select relation, materialization from aggregate
        where reads = any ($1::regclass[]) or relation = any ($1::regclass[])
        union
        select aggregate.relation, aggregate.materialization
        from member join aggregate on aggregate.reads = member.materialization
      )
      select relation::text as name from member where relation <> all ($1::regclass[])`,
    [relations.map(renderRelation)],
  );
  return rows.map(({ name }) => name);
}
