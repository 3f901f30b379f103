import type { ClientBase } from 'pg';
import pg from 'pg';
import { BeltError } from '../errors.js';
import type { ModelNode } from '../project/nodes.js';
import type { Project } from '../project/project.js';
import { isMap } from '../project/reading/yaml-file.js';
import { renderRelation } from '../project/relation.js';

/** A metric that a model of the project gives, by `meta: {metric: …}`: a value a row, told apart by labels. */
export interface ModelMetric {
  readonly node: ModelNode;
  readonly name: string;
  readonly help: string;
  /** The column that holds the value. */
  readonly value: string;
  /** Columns. */
  readonly labels: readonly string[];
}

export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** The metrics of a project's models. Throws a BeltError for one that is told in part. */
export function modelMetrics(project: Project): ModelMetric[] {
  return [...project.nodes.values()].flatMap((node) => {
    if (node.resourceType !== 'model' || node.meta.metric === undefined) return [];
    const { metric } = node.meta;
    const { name, value, labels = [] } = isMap(metric) ? metric : {};
    const areNames = Array.isArray(labels) && labels.every(isName);
    if (!isName(name) || !isName(value) || !areNames) {
      throw new BeltError(`The meta of ${node.name} tells no metric.`, {
        location: { file: node.path },
        hint: 'Write it as meta: {metric: {name: belt_alerts, value: alerts, labels: [rule]}}; value and labels are columns.',
      });
    }
    const help = node.description.split('\n')[0] || node.name;
    return [{ node, name, help, value, labels: labels as string[] }];
  });
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && /^[a-z_][a-z0-9_]*$/i.test(value);
}

/** The samples of a metric, as the model gives them now. */
export async function readSamples(client: ClientBase, metric: ModelMetric): Promise<Sample[]> {
  const quoted = (name: string) => pg.escapeIdentifier(name);
  const labels = metric.labels.map((name) => `${quoted(name)}::text as ${quoted(name)}`);
  const { rows } = await client.query<Record<string, string | null>>(
    `select ${[...labels, `${quoted(metric.value)}::float8 as belt_value`].join(', ')}
      from ${renderRelation(metric.node.relation)}`,
  );
  return rows.flatMap((row) =>
    row.belt_value === null || row.belt_value === undefined
      ? []
      : [
          {
            labels: Object.fromEntries(metric.labels.map((name) => [name, row[name] ?? ''])),
            value: Number(row.belt_value),
          },
        ],
  );
}
