import type { Database } from '../database/open-database.js';
import { BeltError } from '../errors.js';
import { FileMemory } from '../landing/file-memory.js';
import { isEmpty, type LandSummary, land } from '../landing/land.js';
import type { RejectedSummary } from '../landing/rejected.js';
import type { Project } from '../project/project.js';
import { RESOURCES } from '../raw/resources.js';
import { isGood, type NodeResult, type RunListener } from '../run/run-events.js';
import { RunMemory } from '../run/run-memory.js';
import type { RunSummary } from '../run/run-project.js';
import { transform } from '../run/transform.js';
import { dataNodesByUrgency } from './data-nodes.js';
import type { Faults } from './faults.js';

/** Time after which models run though nothing was landed: some follow the clock, and policies too. */
const IDLE_TRANSFORM_MS = 60_000;

/** Time after which all is made again as the project says, whatever others did to it by hand. */
const WHOLE_TRANSFORM_MS = 3_600_000;

export interface PipelineOptions {
  readonly source: string;
  readonly landThreads: number;
  readonly threads: number;
  readonly signal: AbortSignal;
}

export interface PipelineListener {
  onWait(what: 'land' | 'transform'): void;
  onEmptySource(): void;
  onRejected(file: RejectedSummary): void;
  onLanded(summary: LandSummary): void;
  onTransformed(transformed: Transformed): void;
  /** The models that alerts follow from have run, though not all others yet. */
  onAlertsMade(project: Project): Promise<void>;
}

/** What a transform did, in all of its parts. */
export interface Transformed extends Pick<RunSummary, 'results' | 'policies' | 'seconds'> {
  readonly isGood: boolean;
}

/** What a round did. */
export interface Round {
  readonly isGood: boolean;
  readonly hasTransformed: boolean;
  /** Files that are to be looked at again soon, as they may have been half written. */
  readonly unsettled: number;
}

/** Lands what is new in a source and transforms it, a round at a time. */
export class Pipeline {
  readonly #database: Database;
  readonly #options: PipelineOptions;
  readonly #faults: Faults;
  readonly #listener: PipelineListener;
  readonly #memory = new FileMemory();
  #toldRejects = new Set<string>();
  readonly #runMemory = new RunMemory();
  /** The project of the last transform of which all was good: views and seeds are as it says. */
  #settled: Project | undefined;
  #settledAt = 0;
  #lastBatch: string | undefined;
  #transformedAt = Number.NEGATIVE_INFINITY;

  constructor(
    database: Database,
    options: PipelineOptions,
    faults: Faults,
    listener: PipelineListener,
  ) {
    this.#database = database;
    this.#options = options;
    this.#faults = faults;
    this.#listener = listener;
  }

  async round(project: Project): Promise<Round> {
    const landed = await this.#attempt('land', () => this.#land());
    const transformed = await this.#attempt('transform', () => this.#transform(project));
    return {
      isGood: landed !== undefined && transformed !== undefined && transformed !== 'bad',
      hasTransformed: transformed !== 'nothing new',
      unsettled: landed?.unsettled ?? 0,
    };
  }

  /** Does a step; a fault of it is told, and gives undefined. */
  async #attempt<T>(step: string, work: () => Promise<T>): Promise<T | undefined> {
    try {
      const result = await work();
      this.#faults.clear(step);
      return result;
    } catch (error) {
      if (!this.#options.signal.aborted) this.#faults.raise(step, error);
      return undefined;
    }
  }

  async #land(): Promise<LandSummary> {
    const { source, landThreads: threads, signal } = this.#options;
    const told = this.#toldRejects;
    const met = new Set<string>();
    const summary = await land(
      this.#database,
      { source, resources: RESOURCES, threads, signal, memory: this.#memory },
      {
        onWait: () => this.#listener.onWait('land'),
        onStart: () => undefined,
        onProgress: undefined,
        onCopied: () => undefined,
        onRejected: (file) => {
          const key = `${file.reason} ${file.path} ${file.sha256.toString('hex')}`;
          met.add(key);
          if (!told.has(key)) this.#listener.onRejected(file);
        },
      },
    );
    this.#toldRejects = met;
    if (isEmpty(summary)) this.#listener.onEmptySource();
    this.#listener.onLanded(summary);
    return summary;
  }

  /** Runs the models if there may be work for them. */
  async #transform(project: Project): Promise<'nothing new' | 'good' | 'bad'> {
    const lastBatch = await this.#readLastBatch();
    if (performance.now() - this.#settledAt > WHOLE_TRANSFORM_MS) this.#settled = undefined;
    const isRecent = performance.now() - this.#transformedAt < IDLE_TRANSFORM_MS;
    if (isRecent && project === this.#settled && lastBatch === this.#lastBatch) {
      return 'nothing new';
    }
    const parts =
      project === this.#settled ? dataNodesByUrgency(project) : [new Set(project.order)];
    if (project !== this.#settled) {
      this.#runMemory.forget();
      this.#settledAt = performance.now();
    }
    this.#settled = undefined;
    const runs: RunSummary[] = [];
    for (const [part, selected] of parts.entries()) {
      const summary = await this.#run(project, selected);
      if (summary.interrupted) return 'bad';
      runs.push(summary);
      if (part === 0) await this.#listener.onAlertsMade(project);
    }
    const results = runs.flatMap((run) => run.results);
    const isGood = this.#judge(results);
    this.#transformedAt = performance.now();
    if (isGood) {
      this.#settled = project;
      this.#lastBatch = lastBatch;
    }
    const policies = runs.flatMap((run) => run.policies);
    const seconds = runs.reduce((sum, run) => sum + run.seconds, 0);
    this.#listener.onTransformed({ results, policies, seconds, isGood });
    return isGood ? 'good' : 'bad';
  }

  #run(project: Project, selected: ReadonlySet<string>): Promise<RunSummary> {
    return transform(
      this.#database,
      project,
      {
        flags: [],
        fullRefresh: false,
        allowsMissingRaw: false,
        retried: new Map(),
        failFast: false,
        threads: this.#options.threads,
        signal: this.#options.signal,
        selected,
        window: undefined,
        memory: this.#runMemory,
      },
      this.#runListener(),
    );
  }

  /** Age of the oldest landed batch that the models have not taken up; 0 where there is none. */
  async lagSeconds(): Promise<number> {
    const { rows } = await this.#database.pool.query<{ lag: number }>(
      `select coalesce(extract(epoch from clock_timestamp() - min(ended_at)), 0)::float8 as lag
        from raw.batch as batch
        where status = 'landed' and documents > 0 and batch_id > $1 and ($1 > 0 or not exists (
          select from belt.model_batch as done where done.batch_id = batch.batch_id
        ))`,
      [this.#lastBatch ?? 0],
    );
    return rows[0]?.lag ?? 0;
  }

  /** Tells which models failed, and which do not any more. */
  #judge(results: readonly NodeResult[]): boolean {
    for (const { name, status, message, file, line, hint } of results) {
      const step = `model ${name}`;
      if (isGood(status)) this.#faults.clear(step);
      if (isGood(status) || status === 'skipped') continue;
      const location = {
        ...(file === undefined ? {} : { file }),
        ...(line === undefined ? {} : { line }),
      };
      this.#faults.raise(step, new BeltError(message, { location, hint }));
    }
    return results.every(({ status }) => isGood(status));
  }

  /** The last batch that counts, whoever landed it. */
  async #readLastBatch(): Promise<string | undefined> {
    const { rows } = await this.#database.pool.query<{ id: string }>(
      `select batch_id as id from raw.batch where status = 'landed' order by batch_id desc limit 1`,
    );
    return rows[0]?.id;
  }

  #runListener(): RunListener {
    return {
      onWait: () => this.#listener.onWait('transform'),
      onStart: () => undefined,
      onNodeStart: () => undefined,
      onProgress: () => undefined,
      onNodeEnd: () => undefined,
    };
  }
}
