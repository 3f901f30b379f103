import type { ClientBase } from 'pg';
import { BeltError } from '../../errors.js';
import type { ModelNode } from '../../project/nodes.js';
import { isMap } from '../../project/reading/yaml-file.js';
import { intervalOf } from '../relations/model-config.js';

/** What a hypertable is cut by: ranges of time or of integers, or a hash. */
export interface Dimension {
  readonly column: string;
  readonly kind: 'by_range' | 'by_hash';
  /** Of a range: an interval, or a number of units. */
  readonly interval: string | undefined;
  /** Of a hash. */
  readonly partitions: number | undefined;
  readonly partitionFunction: string | undefined;
}

/** The dimensions of a hypertable's config, main_dimension first. Throws a BeltError. */
export function dimensionsOf(node: ModelNode): Dimension[] {
  const main = node.config.main_dimension ?? node.config.time_column_name;
  if (main === undefined || main === null) {
    throw wrong(node, `The hypertable ${node.name} names no main_dimension.`);
  }
  const chunk = intervalOf(node, 'chunk_time_interval', node.config.chunk_time_interval);
  const others = Array.isArray(node.config.dimensions) ? node.config.dimensions : [];
  const first = dimensionOf(node, main);
  return [
    { ...first, interval: chunk ?? first.interval },
    ...others.map((value) => dimensionOf(node, value)),
  ];
}

function dimensionOf(node: ModelNode, value: unknown): Dimension {
  if (typeof value === 'string') {
    const column = /^by_range\(\s*'([^']+)'/.exec(value)?.[1] ?? value;
    return {
      column,
      kind: 'by_range',
      interval: undefined,
      partitions: undefined,
      partitionFunction: undefined,
    };
  }
  if (!isMap(value) || typeof value.column_name !== 'string') {
    throw wrong(node, `A dimension of the hypertable ${node.name} names no column.`);
  }
  const kind = value.type ?? 'by_range';
  if (kind !== 'by_range' && kind !== 'by_hash') {
    throw wrong(node, `A dimension of ${node.name} has the type ${String(kind)}.`);
  }
  return {
    column: value.column_name,
    kind,
    interval: intervalOf(node, 'partition_interval', value.partition_interval),
    partitions: typeof value.number_partitions === 'number' ? value.number_partitions : undefined,
    partitionFunction: typeof value.partition_func === 'string' ? value.partition_func : undefined,
  };
}

/** A dimension as create_hypertable() and add_dimension() take it. */
export function dimensionSql(client: ClientBase, dimension: Dimension): string {
  const parts = [client.escapeLiteral(dimension.column)];
  if (dimension.kind === 'by_hash') parts.push(`number_partitions => ${dimension.partitions ?? 4}`);
  if (dimension.interval !== undefined) {
    parts.push(
      `partition_interval => ${intervalLiteral(client.escapeLiteral(dimension.interval))}`,
    );
  }
  if (dimension.partitionFunction !== undefined) {
    parts.push(`partition_func => ${client.escapeLiteral(dimension.partitionFunction)}`);
  }
  return `${dimension.kind}(${parts.join(', ')})`;
}

/** A plain number counts in the units of an integer dimension. */
export function intervalLiteral(literal: string): string {
  return /^'\d+'$/.test(literal) ? `${literal}::bigint` : `${literal}::interval`;
}

function wrong(node: ModelNode, message: string): BeltError {
  return new BeltError(message, {
    location: { file: node.path },
    hint: "Name the time column in config(): main_dimension='ts', or {'column_name': 'device_id', 'type': 'by_hash', 'number_partitions': 4}.",
  });
}
