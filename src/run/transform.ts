import type { Database } from '../database/open-database.js';
import { withClient } from '../database/transaction.js';
import type { Project } from '../project/project.js';
import { readFindings, type UnmappedSeries } from '../status/findings.js';
import type { RunListener } from './run-events.js';
import { type RunSummary, runProject } from './run-project.js';

/** What a transform runs: all that makes data, and no tests. */
export const TRANSFORMED = new Set(['model', 'seed', 'snapshot']);

export interface TransformOptions {
  /** Unique ids of what is to run; all where it is left out. */
  readonly selected?: ReadonlySet<string>;
  /** Selectors that no node meets. */
  readonly unmatched?: readonly string[];
  readonly fullRefresh: boolean;
  readonly failFast?: boolean;
  readonly threads?: number;
  /** Aborted when the user wants to stop: nothing new is begun then. */
  readonly signal: AbortSignal;
}

export interface TransformSummary extends RunSummary {
  /** Selectors that no node meets. */
  readonly unmatched: readonly string[];
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
  const { selected = new Set(project.nodes.keys()), unmatched = [] } = options;
  const summary = await runProject(
    database,
    project,
    {
      command: 'transform',
      selected: new Set(
        [...selected].filter((id) => TRANSFORMED.has(project.nodes.get(id)?.resourceType ?? '')),
      ),
      fullRefresh: options.fullRefresh,
      eventTime: {},
      retried: new Map(),
      storeFailures: false,
      failFast: options.failFast ?? false,
      threads: options.threads ?? 1,
      signal: options.signal,
    },
    listener,
  );
  const findings = await withClient(database.pool, (client) =>
    readFindings(client, project.target.schema),
  );
  return { ...summary, unmatched, ...findings };
}
