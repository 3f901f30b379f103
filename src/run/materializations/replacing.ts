import { BeltError } from '../../errors.js';
import type { ModelNode } from '../../project/nodes.js';
import { type Relation, renderRelation } from '../../project/relation.js';
import type { RelationKind } from '../catalog/relations.js';
import { type Decision, refused, type Situation } from './decision.js';
import type { ModelContext } from './model-context.js';

/** Refuses to put a model where an object of a kind stands that would lose its data by it. */
export function refusedReplacement(
  { node }: ModelContext,
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
      `${renderRelation(node.relation)} exists as a ${called}, and the model ${node.name} would replace it.`,
      {
        location: { file: node.path },
        hint: 'Drop or rename the existing object first, or give the model another alias.',
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
