import type { Database } from '../database/open-database.js';
import { withClient } from '../database/transaction.js';
import type { Project } from '../project/project.js';
import { type FaultListener, Faults } from './faults.js';
import { type ListenAddress, offerHttp } from './http-endpoint.js';
import { modelMetrics, readSamples } from './model-metrics.js';
import { Pipeline, type PipelineListener, type PipelineOptions, type Round } from './pipeline.js';
import { ProjectSource } from './project-source.js';
import { goRound, type RoundsOptions } from './rounds.js';
import { WatchLock } from './watch-lock.js';
import { WatchMetrics } from './watch-metrics.js';

export interface WatchOptions extends PipelineOptions, RoundsOptions {
  readonly listen: ListenAddress | undefined;
  /** Reads the project again, when its files have changed. */
  load(): Project;
}

export interface WatchListener extends PipelineListener, FaultListener {
  onListening(url: string): void;
  onWatching(): void;
}

/** Lands and transforms what is new, until the signal is aborted. */
export async function watch(
  database: Database,
  project: Project,
  options: WatchOptions,
  listener: WatchListener,
): Promise<void> {
  const lock = new WatchLock(database);
  const metrics = new WatchMetrics();
  const faults = new Faults(listener);
  const told = { faults: () => faults.current, metrics: () => metrics.text() };
  await lock.hold();
  const http = options.listen && (await offerHttp(options.listen, told));
  try {
    if (http !== undefined) listener.onListening(http.url);
    const source = new ProjectSource(project, options.load, faults);
    const pipeline = new Pipeline(database, options, faults, measured(listener, metrics));
    listener.onWatching();
    await goRound(async () => {
      const round = await goOnce(lock, source, pipeline, faults);
      if (options.signal.aborted) return round;
      const lag = await pipeline.lagSeconds().catch(() => undefined);
      await readModelMetrics(database, source.current(), metrics, faults);
      metrics.round(round.isGood, lag, faults.current.length);
      return round;
    }, options);
  } finally {
    await http?.close();
    lock.release();
  }
}

async function goOnce(
  lock: WatchLock,
  source: ProjectSource,
  pipeline: Pipeline,
  faults: Faults,
): Promise<Round> {
  try {
    await lock.hold();
    faults.clear('database');
  } catch (error) {
    faults.raise('database', error);
    return { isGood: false, unsettled: 0 };
  }
  return pipeline.round(source.current());
}

async function readModelMetrics(
  database: Database,
  project: Project,
  metrics: WatchMetrics,
  faults: Faults,
): Promise<void> {
  try {
    await withClient(database.pool, async (client) => {
      for (const metric of modelMetrics(project)) {
        metrics.model(metric, await readSamples(client, metric));
      }
    });
    faults.clear('metrics');
  } catch (error) {
    faults.raise('metrics', error);
  }
}

/** The same listener, with what it is told counted too. */
function measured(listener: PipelineListener, metrics: WatchMetrics): PipelineListener {
  return {
    ...listener,
    onRejected: (file) => {
      metrics.rejected(file.reason);
      listener.onRejected(file);
    },
    onLanded: (summary) => {
      metrics.landed(summary);
      listener.onLanded(summary);
    },
    onTransformed: (summary) => {
      metrics.transformed(summary);
      listener.onTransformed(summary);
    },
  };
}
