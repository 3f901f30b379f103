import { BeltError } from '../../errors.js';
import type { ModelNode } from '../../project/nodes.js';
import type { Project } from '../../project/project.js';
import { parallelBy } from '../batches/shards.js';
import { materializedOf } from '../lineage.js';
import { continuousAggregate } from './continuous-aggregate.js';
import type { Materialization } from './decision.js';
import { hypertable } from './hypertable.js';
import { incremental } from './incremental.js';
import { microbatch } from './microbatch.js';
import { snapshot } from './snapshot.js';
import { table } from './table.js';
import { view } from './view.js';
import { virtualHypertable } from './virtual-hypertable.js';

const MATERIALIZATIONS: Readonly<Record<string, Materialization>> = {
  view,
  table,
  incremental,
  snapshot,
  hypertable,
  virtual_hypertable: virtualHypertable,
  continuous_aggregate: continuousAggregate,
};

/** Those that write rows a slice at a time. */
const TAKES_NEW_ROWS: readonly Materialization[] = [table, incremental, hypertable];

/** How a model or snapshot is built that is not ephemeral. */
export function materializationOf(node: ModelNode): Materialization {
  const materialized = materializedOf(node);
  const found =
    materialized === 'incremental' && node.config.incremental_strategy === 'microbatch'
      ? microbatch
      : MATERIALIZATIONS[materialized];
  return found as Materialization;
}

/** Throws a BeltError for the first model that asks for new rows, and would be given none. */
export function checkMaterializations(project: Project): void {
  for (const node of project.nodes.values()) {
    if (node.resourceType !== 'model' && node.resourceType !== 'snapshot') continue;
    if (parallelBy(node) !== undefined && !node.usesNewRows) {
      throw new BeltError(
        `${node.name} has parallel_by, but no new_rows(): there is nothing of it to share out.`,
        {
          location: { file: node.path },
          hint: 'Read what is new by new_rows(), or take parallel_by away.',
        },
      );
    }
    if (!node.usesNewRows || TAKES_NEW_ROWS.includes(materializationOf(node))) continue;
    throw new BeltError(
      `${node.name} asks for new_rows(), but it is not built from what is new: it would be given none.`,
      {
        location: { file: node.path },
        hint: 'Make it a table, an incremental model (not of the strategy microbatch) or a hypertable, or take new_rows() away.',
      },
    );
  }
}
