import { BeltError } from '../../errors.js';
import type { ModelNode, SeedNode } from '../../project/nodes.js';
import { type Relation, renderRelation } from '../../project/relation.js';
import type { RelationKind } from '../catalog/relations.js';
import { type Decision, refused, type Situation } from './decision.js';

/** Refuses to put a node where an object of a kind stands that would lose its data by it. */
export function refusedReplacement(
  { node }: { readonly node: ModelNode | SeedNode },
  situation: Situation,
  replaceable: readonly RelationKind[],
): Decision | undefined {
  const { kind } = situation;
  if (kind === undefined || replaceable.includes(kind)) return undefined;
  const called = kind.replaceAll('_', ' ');
  return refused(
    situation,
    `it exists as a ${called}`,
    new BeltError(
      `${renderRelation(node.relation)} exists as a ${called}, and the ${node.resourceType} ${node.name} would replace it.`,
      {
        location: { file: node.path },
        hint: 'Drop or rename the existing object first, or give this one another alias.',
      },
    ),
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
