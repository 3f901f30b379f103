import type { ModelNode } from '../../project/nodes.js';
import { type Relation, renderRelation } from '../../project/relation.js';
import { createIndexes } from '../relations/indexes.js';
import { flagConfig } from '../relations/model-config.js';
import { applyChunkInterval } from '../timescale/hypertables.js';
import { applyCompressionSettings } from '../timescale/policies.js';
import type { ModelContext } from './model-context.js';

/** Makes a continuous aggregate without data, with its indexes and columnstore settings. */
export async function createAggregate(
  context: ModelContext,
  node: ModelNode,
  relation: Relation,
  sql: string,
): Promise<void> {
  const options = [
    'timescaledb.continuous',
    `timescaledb.materialized_only = ${flagConfig(node, 'materialized_only', false)}`,
    `timescaledb.create_group_indexes = ${flagConfig(node, 'create_group_indexes', true)}`,
  ];
  await context.client.query(
    `create materialized view ${renderRelation(relation)} with (${options.join(', ')}) as\n${sql}\nwith no data`,
  );
  await applyChunkInterval(context.client, node, relation);
  await createIndexes(context.client, node, relation, false);
  await applyCompressionSettings(context.client, node, relation, 'materialized view');
}
