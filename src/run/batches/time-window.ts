import type { ModelNode } from '../../project/nodes.js';
import { textConfig } from '../relations/model-config.js';
import { dimensionsOf } from '../timescale/dimensions.js';

/** A window of event time: from the start, up to but without the end. */
export interface TimeWindow {
  readonly start: Date;
  readonly end: Date;
}

/** The column of event time of a model, by which a window of it can be rebuilt. */
export function eventTimeOf(node: ModelNode): string | undefined {
  const own = textConfig(node, 'event_time');
  if (own !== undefined) return own;
  return node.config.materialized === 'hypertable' ? dimensionsOf(node)[0]?.column : undefined;
}
