import type { ClientBase } from 'pg';
import type { ModelNode } from '../project/nodes.js';
import { sizeOf } from '../run/catalog/chunks.js';

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
