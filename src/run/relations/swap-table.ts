import type { ClientBase } from 'pg';
import type { ModelNode } from '../../project/nodes.js';
import { type Relation, renderRelation } from '../../project/relation.js';
import { dropRelation, findRelation } from '../catalog/relations.js';
import { keepingDependentViews } from './dependent-views.js';
import { copyGrants } from './grants.js';

/** Puts the table built beside in the place of the old relation, which is dropped. */
export async function swapTable(
  client: ClientBase,
  node: ModelNode,
  beside: Relation,
): Promise<void> {
  const rename = `alter table ${renderRelation(beside)} rename to ${client.escapeIdentifier(node.relation.identifier)}`;
  if ((await findRelation(client, node.relation)) === undefined) {
    await client.query(rename);
    return;
  }
  await copyGrants(client, node.relation, beside);
  await keepingDependentViews(client, [node.relation], async () => {
    await dropRelation(client, node.relation);
    await client.query(rename);
  });
}
