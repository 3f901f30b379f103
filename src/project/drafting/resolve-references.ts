import { didYouMean } from '../../did-you-mean.js';
import { BeltError } from '../../errors.js';
import type { ModelNode, SeedNode, SourceNode } from '../nodes.js';
import { type Reference, referenceKey } from '../references.js';
import { isEnabled, type ModelDraft } from './draft-nodes.js';

/** What references can name, disabled nodes included. */
export interface Referable {
  readonly projectName: string;
  readonly models: ReadonlyMap<string, ModelDraft['node']>;
  readonly seeds: ReadonlyMap<string, SeedNode>;
  readonly sources: ReadonlyMap<string, SourceNode>;
}

/** A model whose references lead to nodes; those that do not are told to `onFault`. */
export function resolveModel(
  { node, references, newRowsOf }: ModelDraft,
  referable: Referable,
  onFault: (fault: BeltError) => void,
): ModelNode {
  const found = resolveReferences(node, references, referable, onFault);
  return {
    ...node,
    dependsOn: [...new Set(found.values())],
    newRowsOf: newRowsOf.flatMap((key) => found.get(key) ?? []),
  };
}

/** The unique ids that references lead to, by `ref:name` or `source:a.b`. */
export function resolveReferences(
  node: { readonly name: string },
  references: readonly Reference[],
  referable: Referable,
  onFault: (fault: BeltError) => void,
): Map<string, string> {
  const found = new Map<string, string>();
  const wrong = new Set<string>();
  for (const reference of references) {
    const key = `${reference.kind}:${referenceKey(reference)}`;
    const target = targetOf(reference, referable);
    if (target !== undefined && isEnabled(target) && !isForeign(reference, referable)) {
      found.set(key, target.uniqueId);
      continue;
    }
    const told = `${key} ${reference.place.file} ${reference.place.line}`;
    if (!wrong.has(told)) {
      onFault(
        isForeign(reference, referable)
          ? foreignReference(node, reference)
          : target === undefined
            ? unknownReference(node, reference, referable)
            : disabledReference(node, reference),
      );
    }
    wrong.add(told);
  }
  return found;
}

function targetOf(reference: Reference, { models, seeds, sources }: Referable) {
  if (reference.kind === 'source') return sources.get(referenceKey(reference));
  return models.get(reference.name) ?? seeds.get(reference.name);
}

function isForeign(reference: Reference, { projectName }: Referable): boolean {
  return (
    reference.kind === 'ref' && reference.package !== undefined && reference.package !== projectName
  );
}

function foreignReference(node: { readonly name: string }, reference: Reference): BeltError {
  const packageName = reference.kind === 'ref' ? reference.package : undefined;
  return new BeltError(`${node.name} reads ${reference.name} of the package ${packageName}.`, {
    location: reference.place,
    hint: 'Packages are not supported by belt: copy the model into this project.',
  });
}

function unknownReference(
  node: { readonly name: string },
  reference: Reference,
  { models, seeds, sources }: Referable,
): BeltError {
  const key = referenceKey(reference);
  const candidates =
    reference.kind === 'ref' ? [...models.keys(), ...seeds.keys()] : sources.keys();
  const what = reference.kind === 'ref' ? 'model or seed' : 'source';
  return new BeltError(
    `${node.name} reads the ${what} ${key}, which does not exist${didYouMean(key, candidates)}.`,
    {
      location: reference.place,
      hint:
        reference.kind === 'ref'
          ? 'Correct the name: it is that of the file, without .sql or .csv.'
          : 'Correct the name, or add the table under sources: in a YAML file.',
    },
  );
}

function disabledReference(node: { readonly name: string }, reference: Reference): BeltError {
  const key = referenceKey(reference);
  return new BeltError(`${node.name} reads ${key}, which is disabled.`, {
    location: reference.place,
    hint: `Remove enabled: false from ${key}, or disable ${node.name} too.`,
  });
}
