import type { Database } from '../database/open-database.js';
import { withClient } from '../database/transaction.js';
import type { Project } from '../project/project.js';
import { readFindings, type UnmappedSeries } from '../status/findings.js';
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
    'flags' | 'fullRefresh' | 'retried' | 'failFast' | 'threads' | 'signal'
  > {
  /** Unique ids of what is to run. */
  readonly selected: ReadonlySet<string>;
  /** The window of event time to rebuild from raw, in place of taking up what is new. */
  readonly window: TimeWindow | undefined;
}

export interface TransformSummary extends RunSummary {
  /** Series that the metric catalogue does not know. */
  readonly unmapped: readonly UnmappedSeries[];
  /** Readings in telemetry_reject. */
  readonly rejectedReadings: number;
}

/** Runs the selected models of a project in the order of their references. */
export async function transform(
  database: Database,
  project: Project,
  options: TransformOptions,
  listener: RunListener,
): Promise<TransformSummary> {
  const { selected, window, ...rest } = options;
  const works =
    window === undefined
      ? toBuild(
          [...selected].filter((id) => TRANSFORMED.has(project.nodes.get(id)?.resourceType ?? '')),
        )
      : windowWorks(project, selected, window);
  const summary = await runProject(
    database,
    project,
    { ...rest, command: 'transform', works, eventTime: {}, storeFailures: false },
    listener,
  );
  const findings = await withClient(database.pool, (client) =>
    readFindings(client, project.target.schema),
  );
  return { ...summary, ...findings };
}
