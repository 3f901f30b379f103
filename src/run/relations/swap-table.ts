import type { ClientBase } from 'pg';
import type { ModelNode } from '../../project/nodes.js';
import type { Relation } from '../../project/relation.js';
import { dropRelation, findRelation, renameRelation } from '../catalog/relations.js';
import { keepingDependentViews } from './dependent-views.js';
import { copyGrants } from './grants.js';
import { settleIndexNames } from './indexes.js';

/** Puts the table built beside in the place of the old relation, which is dropped. */
export async function swapTable(
  client: ClientBase,
  node: ModelNode,
  beside: Relation,
): Promise<void> {
  const rename = () => renameRelation(client, beside, node.relation.identifier);
  if ((await findRelation(client, node.relation)) === undefined) {
    await rename();
  } else {
    await copyGrants(client, node.relation, beside);
    await keepingDependentViews(client, [node.relation], async () => {
      await dropRelation(client, node.relation);
      await rename();
    });
  }
  await settleIndexNames(client, node.relation, beside);
}
