import type { TimeWindow } from './batches/time-window.js';

/** What a run does with a node: builds or tests it, or works on a window of its event time. */
export type NodeWork =
  | { readonly kind: 'build' }
  | { readonly kind: 'rebuild' | 'rerun' | 'refresh'; readonly window: TimeWindow };

/** The work of nodes that are built, or, of tests, run. */
export function toBuild(ids: Iterable<string>): Map<string, NodeWork> {
  return new Map([...ids].map((id) => [id, { kind: 'build' }]));
}
