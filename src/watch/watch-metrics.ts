import type { LandSummary } from '../landing/land.js';
import type { ModelMetric, Sample } from './model-metrics.js';
import { Metric, openMetricsText } from './open-metrics.js';
import type { Transformed } from './pipeline.js';

/** What watch tells of its work. Counters count from the start of the process. */
export class WatchMetrics {
  readonly #batches = new Metric('belt_batches', 'counter', 'Batches landed.');
  readonly #documents = new Metric('belt_documents', 'counter', 'Documents landed.');
  readonly #readings = new Metric('belt_readings', 'counter', 'Readings landed.');
  readonly #bytes = new Metric('belt_landed_bytes', 'counter', 'Bytes of documents landed.');
  readonly #rejects = new Metric('belt_rejects', 'counter', 'Files not landed, by reason.');
  readonly #rounds = new Metric('belt_rounds', 'counter', 'Looks at the source, by result.');
  readonly #seconds = new Metric('belt_model_seconds', 'counter', 'Seconds that models took.');
  readonly #runs = new Metric('belt_model_runs', 'counter', 'How often models ran, by status.');
  readonly #deliveries = new Metric(
    'belt_alert_deliveries',
    'counter',
    'Alerts sent to webhooks, by receiver and result.',
  );
  readonly #lag = new Metric(
    'belt_lag_seconds',
    'gauge',
    'Age of the oldest landed batch that the models have not taken up; 0 where there is none.',
  );
  readonly #faults = new Metric('belt_faults', 'gauge', 'What is wrong now: see /healthz.');
  readonly #succeededAt = new Metric(
    'belt_last_success_timestamp_seconds',
    'gauge',
    'When a step last succeeded, in seconds since 1970.',
  );
  readonly #memory = new Metric('process_resident_memory_bytes', 'gauge', 'Resident memory.');
  readonly #cpu = new Metric('process_cpu_seconds', 'counter', 'CPU time of user and system.');
  readonly #ofModels = new Map<string, Metric>();

  constructor() {
    for (const metric of [this.#batches, this.#documents, this.#readings, this.#bytes]) {
      metric.set(0);
    }
  }

  landed({ batchId, documents, readings, bytes }: LandSummary): void {
    if (batchId !== undefined) this.#batches.add(1);
    this.#documents.add(documents);
    this.#readings.add(readings);
    this.#bytes.add(bytes);
    this.#succeeded('land');
  }

  rejected(reason: string): void {
    this.#rejects.add(1, { reason });
  }

  transformed({ results, isGood }: Transformed): void {
    for (const { name, seconds, status } of results) {
      this.#seconds.add(seconds, { model: name });
      this.#runs.add(1, { model: name, status });
    }
    if (isGood) this.#succeeded('transform');
  }

  delivered(receiver: string, result: 'taken' | 'refused'): void {
    this.#deliveries.add(1, { receiver, result });
  }

  #succeeded(step: string): void {
    this.#succeededAt.set(Date.now() / 1000, { step });
  }

  lag(seconds: number): void {
    this.#lag.set(seconds);
  }

  round(isGood: boolean, faults: number): void {
    this.#rounds.add(1, { result: isGood ? 'success' : 'error' });
    this.#faults.set(faults);
  }

  /** Puts the samples of a model's metric in the place of those before. */
  model({ name, help }: ModelMetric, samples: readonly Sample[]): void {
    const metric = this.#ofModels.get(name) ?? new Metric(name, 'gauge', help);
    this.#ofModels.set(name, metric);
    metric.clear();
    for (const { value, labels } of samples) metric.set(value, labels);
  }

  text(): string {
    const { user, system } = process.cpuUsage();
    this.#cpu.set((user + system) / 1e6);
    this.#memory.set(process.memoryUsage.rss());
    return openMetricsText([
      this.#batches,
      this.#documents,
      this.#readings,
      this.#bytes,
      this.#rejects,
      this.#rounds,
      this.#seconds,
      this.#runs,
      this.#deliveries,
      this.#lag,
      this.#faults,
      this.#succeededAt,
      this.#memory,
      this.#cpu,
      ...this.#ofModels.values(),
    ]);
  }
}
