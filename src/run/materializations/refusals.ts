import { isDeepStrictEqual } from 'node:util';
import { BeltError } from '../../errors.js';
import type { ModelNode } from '../../project/nodes.js';
import type { RelationState } from '../batches/ledger.js';
import type { Column } from '../catalog/relations.js';

/** Configs of a hypertable that rows already written can't follow. */
const FIXED = ['main_dimension', 'dimensions', 'unique_key'] as const;

/**
 * Why a hypertable can't be brought in line with its model without building it anew: a change of
 * what its rows are told apart or cut by. Undefined where it can.
 */
export function refusedChange(
  node: ModelNode,
  state: RelationState | undefined,
): BeltError | undefined {
  if (state === undefined || state.materialized !== 'hypertable') return undefined;
  const own = JSON.parse(JSON.stringify(node.config)) as Record<string, unknown>;
  const changed = FIXED.filter(
    (key) => !isDeepStrictEqual(own[key] ?? null, state.config[key] ?? null),
  );
  if (changed.length === 0) return undefined;
  return new BeltError(
    `The config ${changed.join(', ')} of ${node.name} has changed, which the rows that are there can't follow.`,
    {
      location: { file: node.path },
      hint: `Rebuild it from raw: \`belt transform --full-refresh --select ${node.name}+\`; or take the change back.`,
    },
  );
}

/** Why the columns that a model no longer selects are not dropped from a hypertable. */
export function refusedColumns(node: ModelNode, removed: readonly Column[]): BeltError | undefined {
  if (node.config.materialized !== 'hypertable' || removed.length === 0) return undefined;
  return new BeltError(
    `${node.name} no longer selects ${removed.map(({ name }) => name).join(', ')}, and on_schema_change would drop what is stored of it.`,
    {
      location: { file: node.path },
      hint: `Rebuild it without: \`belt transform --full-refresh --select ${node.name}+\`; or set on_schema_change to append_new_columns, which keeps the column.`,
    },
  );
}
