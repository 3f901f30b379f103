type Labels = Readonly<Record<string, string>>;

export const OPEN_METRICS_TYPE = 'application/openmetrics-text; version=1.0.0; charset=utf-8';

/** A metric with its samples, told apart by their labels. */
export class Metric {
  readonly #name: string;
  readonly #type: 'counter' | 'gauge';
  readonly #help: string;
  readonly #samples = new Map<string, number>();

  constructor(name: string, type: 'counter' | 'gauge', help: string) {
    this.#name = name;
    this.#type = type;
    this.#help = help;
  }

  set(value: number, labels: Labels = {}): void {
    this.#samples.set(labelText(labels), value);
  }

  /** Counts on, from 0. */
  add(value: number, labels: Labels = {}): void {
    const key = labelText(labels);
    this.#samples.set(key, (this.#samples.get(key) ?? 0) + value);
  }

  /** Forgets the samples. */
  clear(): void {
    this.#samples.clear();
  }

  /** Its lines in the OpenMetrics text format. */
  lines(): string[] {
    const suffix = this.#type === 'counter' ? '_total' : '';
    return [
      `# TYPE ${this.#name} ${this.#type}`,
      `# HELP ${this.#name} ${escaped(this.#help)}`,
      ...[...this.#samples].map(([labels, value]) => `${this.#name}${suffix}${labels} ${value}`),
    ];
  }
}

export function openMetricsText(metrics: Iterable<Metric>): string {
  return [...[...metrics].flatMap((metric) => metric.lines()), '# EOF', ''].join('\n');
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, text]) => `${name}="${escaped(text)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
