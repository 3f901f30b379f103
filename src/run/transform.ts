import type { Database } from '../database/open-database.js';
import type { Project } from '../project/project.js';
import type { TimeWindow } from './batches/time-window.js';
import { windowWorks } from './batches/window-works.js';
import { toBuild } from './node-work.js';
import type { RunListener } from './run-events.js';
import { type RunOptions, type RunSummary, runProject } from './run-project.js';

/** What a transform runs: all that makes data, and no tests. */
export const TRANSFORMED = new Set(['model', 'seed', 'snapshot']);

export interface TransformOptions
  extends Pick<
    RunOptions,
    | 'flags'
    | 'fullRefresh'
    | 'allowsMissingRaw'
    | 'retried'
    | 'failFast'
    | 'threads'
    | 'signal'
    | 'memory'
  > {
  /** Unique ids of what is to run. */
  readonly selected: ReadonlySet<string>;
  /** The window of event time to rebuild from raw, in place of taking up what is new. */
  readonly window: TimeWindow | undefined;
}

/** Runs the selected models of a project in the order of their references. */
export function transform(
  database: Database,
  project: Project,
  options: TransformOptions,
  listener: RunListener,
): Promise<RunSummary> {
  const { selected, window, ...rest } = options;
  const works =
    window === undefined
      ? toBuild(
          [...selected].filter((id) => TRANSFORMED.has(project.nodes.get(id)?.resourceType ?? '')),
        )
      : windowWorks(project, selected, window);
  return runProject(
    database,
    project,
    { ...rest, command: 'transform', works, eventTime: {}, storeFailures: false },
    listener,
  );
}
