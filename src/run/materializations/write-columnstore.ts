import { inTransaction } from '../../database/transaction.js';
import { type Relation, renderRelation } from '../../project/relation.js';
import type { CompiledModel } from '../../project/templates/compile.js';
import { planLanes } from '../batches/pieces.js';
import { READINGS_A_SLICE } from '../batches/slices.js';
import { prepareChunks } from '../catalog/prepare-chunks.js';
import { COLUMNSTORE_INSERT, type ColumnstoreOrder } from '../timescale/columnstore-order.js';
import { addKey } from '../timescale/hypertables.js';
import type { ModelContext } from './model-context.js';
import { pendingOf, runLanes } from './write-pieces.js';
import { writingOf } from './writing.js';

/** Readings of a shard up to which it is sorted and compressed in one go. */
const READINGS_AT_ONCE = 4 * READINGS_A_SLICE;

/**
 * Fills an empty hypertable that has no key yet: what a model selects of all responses of a shard
 * goes sorted into the columnstore, where the key is not checked, then the key is added, and what
 * is too much for one go follows in slices as into any table. Gives the rows written.
 */
export async function writeColumnstore(
  context: ModelContext,
  target: Relation,
  compiled: CompiledModel,
  batches: readonly string[],
  order: ColumnstoreOrder,
): Promise<number> {
  const { client, node, sessions, landedResources } = context;
  const { columns, statements } = await inTransaction(client, () =>
    writingOf(context, target, compiled),
  );
  const pending = pendingOf(context, batches, true);
  const lanes = pending ? await planLanes(client, pending, sessions, READINGS_AT_ONCE) : [];
  await inTransaction(client, () => prepareChunks(client, target, landedResources, batches, true));
  const header = compiled.header === undefined ? [] : [compiled.header];
  const rows = await runLanes(
    context,
    lanes.filter(({ slices }) => slices.length === 1),
    {
      header: [...header, ...COLUMNSTORE_INSERT],
      statements: [
        sortedInsert(
          target,
          compiled.sql,
          columns.map((name) => client.escapeIdentifier(name)),
          order,
        ),
      ],
      empty: true,
    },
  );
  await addKey(client, node, target);
  const large = lanes.filter(({ slices }) => slices.length > 1);
  if (large.length === 0) return rows;
  return rows + (await runLanes(context, large, { header, statements, empty: true }));
}

/** Joins one row of which the planner expects a hundred: below ten, TimescaleDB does not compress. */
const EXPECTING_MANY = "cross join jsonb_array_elements('[0]') as expected";

/**
 * The statement that writes rows in the order of the columnstore. A key that comes twice is a fault,
 * as it is to an upsert; the fence keeps the planner from handing on compressed rows as they are.
 */
function sortedInsert(
  target: Relation,
  sql: string,
  columns: readonly string[],
  { terms, key }: ColumnstoreOrder,
): string {
  const list = columns.join(', ');
  const again = key.map((name) => `${name} = lag(${name}) over in_order`).join(' and ');
  return `insert into ${renderRelation(target)} (${list})
select ${list} from (
  select ${list}, ${again} as belt_again
  from (select * from (\n${sql}\n) as selected offset 0) as model
  ${EXPECTING_MANY}
  window in_order as (order by ${terms.join(', ')})
) as sorted
where case when belt_again then belt.refuse_second_row(${key.map((name) => `${name}::text`).join(', ')}) else true end
order by ${terms.join(', ')}`;
}
