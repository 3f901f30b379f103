import type { ClientBase } from 'pg';
import { BeltError } from '../../errors.js';

/** Those of the landed batches that all of these models have processed. */
export async function processedBatches(
  client: ClientBase,
  nodes: readonly string[],
  landed: readonly string[],
): Promise<readonly string[]> {
  if (nodes.length === 0) return landed;
  const { rows } = await client.query<{ batch_id: string }>(
    `select batch_id from unnest($2::bigint[]) with ordinality as landed (batch_id, place)
      where not exists (
        select from unnest($1::text[]) as above (node)
        where not exists (
          select from belt.model_batch as done
          where done.node = above.node and done.batch_id = landed.batch_id
        )
      )
      order by place`,
    [nodes, landed],
  );
  return rows.map((row) => row.batch_id);
}

/** Those of the landed batches that a model has not processed yet. */
export async function pendingBatches(
  client: ClientBase,
  node: string,
  landed: readonly string[],
): Promise<string[]> {
  const { rows } = await client.query<{ batch_id: string }>(
    `select batch_id from unnest($2::bigint[]) with ordinality as landed (batch_id, place)
      where not exists (
        select from belt.model_batch as done
        where done.node = $1 and done.batch_id = landed.batch_id
      )
      order by place`,
    [node, landed],
  );
  return rows.map((row) => row.batch_id);
}

/** Notes that a model has processed batches: in the transaction that writes its rows. */
export async function recordBatches(
  client: ClientBase,
  node: string,
  batches: readonly string[],
  everything: boolean,
): Promise<void> {
  if (everything) await client.query('delete from belt.model_batch where node = $1', [node]);
  await client.query(
    `delete from belt.model_piece where node = $1 and ($3 or batch_id = any ($2::bigint[]))`,
    [node, batches, everything],
  );
  await client.query(
    `insert into belt.model_batch (node, batch_id)
      select $1, unnest($2::bigint[]) on conflict do nothing`,
    [node, batches],
  );
}

/** A slice of some batches, by its first and last response. */
interface Piece {
  readonly batches: readonly string[];
  readonly low: string;
  readonly high: string;
}

/**
 * Notes that a model has processed some shards of batches up to a response: first in the transaction
 * that writes the rows, so that of two which write the same the second waits for the first. It is
 * noted of the batches themselves when all of their shards are done. Throws a BeltError where it is
 * done already: by a run that went on after its lock was lost with a connection.
 */
export async function recordPiece(
  client: ClientBase,
  node: string,
  shards: readonly number[],
  { batches, low, high }: Piece,
): Promise<void> {
  const { rowCount } = await client.query(
    `insert into belt.model_piece (node, batch_id, shard, response_id)
      select $1, batch_id, shard, $5
      from unnest($2::bigint[]) as batch_id cross join unnest($3::smallint[]) as shard
      where not exists (
        select from belt.model_batch as done where done.node = $1 and done.batch_id = batch_id.batch_id
      )
      on conflict (node, batch_id, shard) do update
        set response_id = excluded.response_id, processed_at = excluded.processed_at
        where model_piece.response_id < $4`,
    [node, batches, shards, low, high],
  );
  if (rowCount === batches.length * shards.length) return;
  throw new BeltError('Another transform has done a part of it meanwhile.', {
    hint: 'Run `belt transform` again: it does what is left.',
  });
}

/** What a relation was last built from. */
export interface RelationState {
  readonly relation: string;
  readonly materialized: string;
  readonly sqlChecksum: string;
  readonly config: Readonly<Record<string, unknown>>;
}

export async function readRelationState(
  client: ClientBase,
  node: string,
): Promise<RelationState | undefined> {
  const { rows } = await client.query<RelationState>(
    `select relation, materialized, sql_checksum as "sqlChecksum", config
      from belt.relation_state where node = $1`,
    [node],
  );
  return rows[0];
}

export async function writeRelationState(
  client: ClientBase,
  node: string,
  state: RelationState,
): Promise<void> {
  await client.query(
    `insert into belt.relation_state (node, relation, materialized, sql_checksum, config)
      values ($1, $2, $3, $4, $5)
      on conflict (node) do update set relation = excluded.relation,
        materialized = excluded.materialized, sql_checksum = excluded.sql_checksum,
        config = excluded.config, updated_at = now()
      where (relation_state.relation, relation_state.materialized, relation_state.sql_checksum, relation_state.config)
        is distinct from (excluded.relation, excluded.materialized, excluded.sql_checksum, excluded.config)`,
    [node, state.relation, state.materialized, state.sqlChecksum, JSON.stringify(state.config)],
  );
}
