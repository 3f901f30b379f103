import type { Database } from '../database/open-database.js';
import { withClient } from '../database/transaction.js';
import type { Project } from '../project/project.js';
import { type AlertListener, AlertSender } from './alerts/alert-sender.js';
import type { Receiver } from './alerts/receivers.js';
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
  readonly receivers: readonly Receiver[];
  /** Reads the project again, when its files have changed. */
  load(): Project;
}

export interface WatchListener
  extends Omit<PipelineListener, 'onAlertsMade'>,
    FaultListener,
    AlertListener {
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
    const sender = new AlertSender(
      database.pool,
      options.receivers,
      faults,
      counted(listener, metrics),
    );
    const { signal } = options;
    const note = (current: Project, mayWait: boolean) =>
      tellFault(faults, 'alerts', signal, () => sender.note(current, mayWait));
    const pipeline = new Pipeline(database, options, faults, {
      ...measured(listener, metrics),
      onAlertsMade: (current) => note(current, false),
    });
    listener.onWatching();
    const rounds = goRound(async () => {
      const current = source.current();
      const round = await goOnce(lock, current, pipeline, faults);
      if (signal.aborted) return round;
      if (!round.hasTransformed) await note(current, true);
      await tellFault(faults, 'metrics', signal, async () => {
        metrics.lag(await pipeline.lagSeconds());
        await readModelMetrics(database, current, metrics);
      });
      metrics.round(round.isGood, faults.current.length);
      return round;
    }, options);
    await Promise.all([rounds, sender.run(signal)]);
  } finally {
    await http?.close();
    lock.release();
  }
}

async function goOnce(
  lock: WatchLock,
  project: Project,
  pipeline: Pipeline,
  faults: Faults,
): Promise<Round> {
  try {
    await lock.hold();
    faults.clear('database');
  } catch (error) {
    faults.raise('database', error);
    return { isGood: false, hasTransformed: false, unsettled: 0 };
  }
  return pipeline.round(project);
}

/** Does what the rounds do not need, and tells a fault of it. */
async function tellFault(
  faults: Faults,
  step: string,
  signal: AbortSignal,
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work();
    faults.clear(step);
  } catch (error) {
    // at the end, what runs is cancelled
    if (!signal.aborted) faults.raise(step, error);
  }
}

async function readModelMetrics(
  database: Database,
  project: Project,
  metrics: WatchMetrics,
): Promise<void> {
  const read = modelMetrics(project);
  if (read.length === 0) return;
  await withClient(database.pool, async (client) => {
    for (const metric of read) metrics.model(metric, await readSamples(client, metric));
  });
}

function counted(listener: AlertListener, metrics: WatchMetrics): AlertListener {
  return {
    onDelivered: (receiver, notice) => {
      metrics.delivered(receiver, 'taken');
      listener.onDelivered(receiver, notice);
    },
    onRefused: (receiver, notice, reason) => {
      metrics.delivered(receiver, 'refused');
      listener.onRefused(receiver, notice, reason);
    },
  };
}

/** The same listener, with what it is told counted too. */
function measured(listener: WatchListener, metrics: WatchMetrics): WatchListener {
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
    onTransformed: (transformed) => {
      metrics.transformed(transformed);
      listener.onTransformed(transformed);
    },
  };
}
