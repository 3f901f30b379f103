import { didYouMean } from '../../did-you-mean.js';
import { BeltError } from '../../errors.js';
import { findCycle } from '../graph.js';
import type { ModelNode, ProjectNode } from '../nodes.js';
import type { Properties } from '../reading/properties.js';
import type { Reference } from '../references.js';
import { renderRelation } from '../relation.js';

type Named = Pick<ModelNode, 'name' | 'path' | 'relation'>;

/** Two nodes of one name, or that would be built as one table. */
export function duplicateFaults(nodes: readonly Named[]): BeltError[] {
  const byName = repeated(nodes, ({ name }) => name).map(([before, node]) =>
    twice(node, `models or seeds of the name ${node.name}`, before, 'ref() finds a model by it'),
  );
  const renamed = nodes.filter(
    (node, index) => nodes.findIndex(({ name }) => name === node.name) === index,
  );
  const byRelation = repeated(renamed, ({ relation }) => renderRelation(relation)).map(
    ([before, node]) =>
      twice(
        node,
        `models or seeds that are built as ${renderRelation(node.relation)}`,
        before,
        'give one of them another alias or schema',
      ),
  );
  return [...byName, ...byRelation];
}

/** PostgreSQL cuts longer names off, so that two of them could be one table. */
const NAME_BYTES = 63;

/** Nodes that would be built under a name that PostgreSQL cuts off. */
export function longNameFaults(nodes: readonly Named[]): BeltError[] {
  return nodes
    .filter(({ relation }) => Buffer.byteLength(relation.identifier) > NAME_BYTES)
    .map(
      ({ name, path, relation }) =>
        new BeltError(
          `${name} would be built as ${relation.identifier}, which is longer than ${NAME_BYTES} bytes: PostgreSQL would cut it off.`,
          {
            location: { file: path, line: 1 },
            hint: "Rename the file, or give it a shorter alias: config(alias='…').",
          },
        ),
    );
}

function repeated<T>(items: readonly T[], keyOf: (item: T) => string): [T, T][] {
  const first = new Map<string, T>();
  return items.flatMap((item): [T, T][] => {
    const before = first.get(keyOf(item));
    if (before !== undefined) return [[before, item]];
    first.set(keyOf(item), item);
    return [];
  });
}

function twice(node: Named, what: string, before: Named, why: string): BeltError {
  return new BeltError(`There are two ${what}: ${before.path} and ${node.path}.`, {
    location: { file: node.path, line: 1 },
    hint: `Rename one of the files: ${why}.`,
  });
}

/** What is told twice under one name: a table of a source, a test, a docs block. */
export function repeatedFaults<T extends { readonly path: string; readonly line: number }>(
  items: readonly T[],
  nameOf: (item: T) => string,
): BeltError[] {
  return repeated(items, nameOf).map(
    ([before, { path, line }]) =>
      new BeltError(
        `${nameOf(before)} is described twice: in ${before.path}:${before.line}, and here.`,
        {
          location: { file: path, line },
          hint: 'Merge the two into one, or rename one of them.',
        },
      ),
  );
}

/** YAML that describes a node which is not there is most likely a misspelt name: told, as by dbt. */
export function strayProperties(
  properties: Properties,
  models: ReadonlySet<string>,
  seeds: ReadonlySet<string>,
  snapshots: ReadonlySet<string>,
): BeltError[] {
  const stray = (
    described: Properties['models'],
    known: ReadonlySet<string>,
    what: string,
    candidates: Iterable<string> = known,
  ) =>
    [...described]
      .filter(([name]) => !known.has(name))
      .map(
        ([name, { path, line }]) =>
          new BeltError(
            `YAML describes ${name}, but there is no such ${what}${didYouMean(name, candidates)}.`,
            { location: { file: path, line }, hint: 'Correct the name, or delete the entry.' },
          ),
      );
  return [
    ...stray(properties.models, models, 'model or seed', [...models, ...seeds]),
    ...stray(properties.seeds, seeds, 'seed'),
    ...stray(properties.snapshots, snapshots, 'snapshot'),
  ];
}

/** A cycle among models, with its path, at the place where the first of them reads the next. */
export function cycleFaults(
  nodes: ReadonlyMap<string, ProjectNode>,
  referencesOf: (uniqueId: string) => readonly Reference[],
): BeltError[] {
  const cycle = findCycle(nodes);
  if (cycle === undefined) return [];
  const names = cycle.map((id) => nodes.get(id)?.name ?? id);
  const [id = ''] = cycle;
  const reference = referencesOf(id).find((one) => one.kind === 'ref' && one.name === names[1]);
  const file = nodes.get(id)?.path ?? '';
  return [
    new BeltError(`Models read each other in a cycle: ${names.join(' -> ')}.`, {
      location: reference?.place ?? { file, line: 1 },
      hint: 'Let one of them read what comes before the other.',
    }),
  ];
}
