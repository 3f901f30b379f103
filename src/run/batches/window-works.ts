import { BeltError } from '../../errors.js';
import type { ModelNode } from '../../project/nodes.js';
import type { Project } from '../../project/project.js';
import { aggregatesOver } from '../lineage.js';
import type { NodeWork } from '../node-work.js';
import { choiceConfig } from '../relations/model-config.js';
import { eventTimeOf, type TimeWindow } from './time-window.js';

/**
 * What a window of event time does to the selected nodes: models that read new rows are rebuilt or
 * run again in it, and the continuous aggregates over them are refreshed. Others it does not concern.
 */
export function windowWorks(
  project: Project,
  selected: ReadonlySet<string>,
  window: TimeWindow,
): Map<string, NodeWork> {
  const works = new Map<string, NodeWork>();
  for (const node of project.nodes.values()) {
    if (node.resourceType !== 'model' || !node.usesNewRows) continue;
    const kind = onWindow(node);
    if (kind === 'skip') continue;
    const isSelected = selected.has(node.uniqueId);
    if (isSelected) works.set(node.uniqueId, { kind: checked(node, kind), window });
    for (const { uniqueId } of aggregatesOver(project, node)) {
      if (isSelected || selected.has(uniqueId)) works.set(uniqueId, { kind: 'refresh', window });
    }
  }
  return works;
}

/** Whether a model processes responses again where what it reads was rebuilt. */
export function followsWindows(node: ModelNode): boolean {
  return node.usesNewRows && onWindow(node) === 'rerun';
}

function onWindow(node: ModelNode): 'rebuild' | 'rerun' | 'skip' {
  const fallback = eventTimeOf(node) === undefined ? 'skip' : 'rebuild';
  return choiceConfig(node, 'on_window', fallback);
}

function checked<T>(node: ModelNode, kind: T): T {
  if (kind !== 'rebuild' || eventTimeOf(node) !== undefined) return kind;
  throw new BeltError(`${node.name} has no column of event time to rebuild a window by.`, {
    location: { file: node.path },
    hint: "Name it in config(): event_time='ts'.",
  });
}
