import type { ClientBase } from 'pg';
import { BeltError } from '../../errors.js';
import type { ModelNode } from '../../project/nodes.js';
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

/** As src/project/config-keys.ts has held it against what it may be. */
interface DimensionConfig {
  readonly column_name: string;
  readonly type?: 'by_range' | 'by_hash' | null;
  readonly partition_interval?: string | number | null;
  readonly number_partitions?: number | null;
  readonly partition_func?: string | null;
}

/** The dimensions of a hypertable's config, main_dimension first. Throws a BeltError. */
export function dimensionsOf(node: ModelNode): Dimension[] {
  const main = node.config.main_dimension ?? node.config.time_column_name;
  if (main === undefined || main === null) {
    throw wrong(node, `The hypertable ${node.name} names no main_dimension.`);
  }
  const chunk = fixedChunkInterval(node);
  const others = Array.isArray(node.config.dimensions) ? node.config.dimensions : [];
  const first = dimensionOf(main);
  return [
    { ...first, interval: chunk ?? first.interval },
    ...others.map((value) => dimensionOf(value)),
  ];
}

/** Whether the width of a hypertable's chunks follows what arrives. Throws a BeltError for what is none. */
export function hasAutoChunks(node: ModelNode): boolean {
  if (node.config.chunk_time_interval !== 'auto') return false;
  if (node.config.materialized === 'hypertable') return true;
  throw new BeltError(
    `The chunks of ${node.name} can't follow what arrives: it is no hypertable.`,
    {
      location: { file: node.path },
      hint: "Write chunk_time_interval as an interval, such as '30 days', in place of 'auto'.",
    },
  );
}

/** The width of a hypertable's chunks, where its config says one. */
export function fixedChunkInterval(node: ModelNode): string | undefined {
  if (hasAutoChunks(node)) return undefined;
  return intervalOf(node.config.chunk_time_interval);
}

function dimensionOf(value: unknown): Dimension {
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
  const settings = value as DimensionConfig;
  return {
    column: settings.column_name,
    kind: settings.type ?? 'by_range',
    interval: intervalOf(settings.partition_interval),
    partitions: settings.number_partitions ?? undefined,
    partitionFunction: settings.partition_func ?? undefined,
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
