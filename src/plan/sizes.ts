import type { ClientBase } from 'pg';
import type { ModelNode } from '../project/nodes.js';
import { type Relation, renderRelation } from '../project/relation.js';
import { findRelation } from '../run/relations/catalog.js';

/** Bytes that a reading takes in the row store, where nothing was measured yet. */
const BYTES_A_READING = 12;

/** What a reading takes in a hypertable so far. */
export async function bytesAReading(client: ClientBase, node: ModelNode): Promise<number> {
  const { rows } = await client.query<{ readings: string }>(
    `select coalesce(sum(batch.readings), 0) as readings from belt.model_batch as done
      join raw.batch as batch using (batch_id) where done.node = $1`,
    [node.uniqueId],
  );
  const readings = Number(rows[0]?.readings ?? 0);
  const size = readings > 0 ? await sizeOf(client, node.relation) : 0;
  return size > 0 ? size / readings : BYTES_A_READING;
}

/** The bytes of a relation with its indexes; 0 where it is not there. */
export async function sizeOf(client: ClientBase, relation: Relation): Promise<number> {
  const name = renderRelation(relation);
  switch (await findRelation(client, relation)) {
    case 'hypertable': {
      const { rows } = await client.query<{ size: string | null }>(
        'select hypertable_size($1::regclass) as size',
        [name],
      );
      return Number(rows[0]?.size ?? 0);
    }
    case 'continuous_aggregate': {
      const { rows } = await client.query<{ size: string | null }>(
        `select hypertable_size(format('%I.%I', materialization_hypertable_schema,
            materialization_hypertable_name)::regclass) as size
          from timescaledb_information.continuous_aggregates
          where view_schema = $1 and view_name = $2`,
        [relation.schema, relation.identifier],
      );
      return Number(rows[0]?.size ?? 0);
    }
    case undefined:
      return 0;
    default: {
      const { rows } = await client.query<{ size: string }>(
        'select pg_total_relation_size($1::regclass) as size',
        [name],
      );
      return Number(rows[0]?.size ?? 0);
    }
  }
}
