import { BeltError } from '../../errors.js';
import type { ModelNode } from '../../project/nodes.js';
import type { Relation } from '../../project/relation.js';
import { renderRelation } from '../../project/relation.js';
import type { RelationKind } from '../relations/catalog.js';
import type { ModelContext } from './model-context.js';

/** Refuses to put a model where an object of a kind stands that would lose its data by it. */
export async function refuseToReplace(
  context: ModelContext,
  kind: RelationKind | undefined,
  replaceable: readonly RelationKind[],
): Promise<void> {
  if (kind === undefined || replaceable.includes(kind)) return;
  throw new BeltError(
    `${renderRelation(context.node.relation)} exists as a ${kind.replaceAll('_', ' ')}, and the model ${context.node.name} would replace it.`,
    {
      location: { file: context.node.path },
      hint: 'Drop or rename the existing object first, or give the model another alias.',
    },
  );
}

/** The name under which a relation is built beside the one that readers still use. */
export function besideRelation(node: ModelNode): Relation {
  return { ...node.relation, identifier: `${node.relation.identifier.slice(0, 50)}__belt_new` };
}

/** The name that an old relation bears from the swap until it is dropped. */
export function retiredRelation(node: ModelNode): Relation {
  return { ...node.relation, identifier: `${node.relation.identifier.slice(0, 50)}__belt_old` };
}
