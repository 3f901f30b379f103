import type { ClientBase } from 'pg';
import type { ModelNode } from '../../project/nodes.js';
import { isMap } from '../../project/reading/yaml-file.js';
import { type Relation, renderRelation } from '../../project/relation.js';
import { POLICIES } from '../catalog/policies.js';
import { indexNameOf } from '../relations/indexes.js';
import { groupConfig, intervalOf, namesOf, textConfig } from '../relations/model-config.js';
import { columnstorePays } from './columnstore-pays.js';

/** A policy that a model's config asks for: how to remove it, and the call that adds it. */
interface Policy {
  /** The job's procedure. */
  readonly procedure: string;
  readonly remove: string;
  /** Undefined where the config does not ask for it. */
  readonly add: { readonly sql: string; readonly values: readonly unknown[] } | undefined;
}

/**
 * Brings the policies of a relation in line with the config: `changed` ones are made anew. What was
 * seen to take no less in the columnstore stays in the row store, without a policy.
 */
export async function applyPolicies(
  client: ClientBase,
  node: ModelNode,
  relation: Relation,
  changed: boolean,
): Promise<void> {
  const present = await presentPolicies(client, relation);
  const compression = compressionPolicy(node);
  const isCompressed = compression.add !== undefined && (await columnstorePays(client, relation));
  const wanted = [
    refreshPolicy(node),
    isCompressed ? compression : { ...compression, add: undefined },
    retentionPolicy(node),
    reorderPolicy(await reorderIndex(client, node, relation)),
  ];
  for (const policy of wanted) {
    const exists = present.has(policy.procedure);
    if (exists && (changed || policy.add === undefined)) {
      await client.query(policy.remove, [renderRelation(relation)]);
    }
    if (policy.add !== undefined && (changed || !exists)) {
      await client.query(policy.add.sql, [renderRelation(relation), ...policy.add.values]);
    }
  }
}

function refreshPolicy(node: ModelNode): Policy {
  const config = groupConfig(node, 'refresh_policy');
  const interval = (key: string) => intervalOf(config?.[key]);
  return {
    procedure: 'policy_refresh_continuous_aggregate',
    remove: 'select remove_continuous_aggregate_policy($1::regclass, if_exists => true)',
    add: config && {
      sql: `select add_continuous_aggregate_policy($1::regclass,
        start_offset => $2::${offsetType(interval('start_offset'))},
        end_offset => $3::${offsetType(interval('end_offset'))}, schedule_interval => $4::interval)`,
      values: [
        interval('start_offset') ?? null,
        interval('end_offset') ?? null,
        interval('schedule_interval') ?? '1 hour',
      ],
    },
  };
}

function compressionPolicy(node: ModelNode): Policy {
  const config = groupConfig(node, 'compression');
  const after = intervalOf(config?.after);
  return {
    procedure: 'policy_compression',
    remove: 'select remove_compression_policy($1::regclass, if_exists => true)',
    add:
      config && after !== undefined
        ? {
            sql: `select add_compression_policy($1::regclass, compress_after => $2::${offsetType(after)},
              schedule_interval => $3::interval)`,
            values: [after, intervalOf(config.schedule_interval) ?? '12 hours'],
          }
        : undefined,
  };
}

function retentionPolicy(node: ModelNode): Policy {
  const config = node.config.retention_policy;
  const group = typeof config === 'object' ? groupConfig(node, 'retention_policy') : undefined;
  const after = intervalOf(
    group?.drop_after ?? (group ? undefined : textConfig(node, 'retention_policy')),
  );
  return {
    procedure: 'policy_retention',
    remove: 'select remove_retention_policy($1::regclass, if_exists => true)',
    add:
      after === undefined
        ? undefined
        : {
            sql: `select add_retention_policy($1::regclass, drop_after => $2::${offsetType(after)},
              schedule_interval => $3::interval)`,
            values: [after, intervalOf(group?.schedule_interval) ?? '1 day'],
          },
  };
}

/** The index to order chunks by: its name, or, as dbt-timescaledb has it, that of its columns. */
async function reorderIndex(
  client: ClientBase,
  node: ModelNode,
  relation: Relation,
): Promise<string | undefined> {
  const { reorder_policy: policy } = node.config;
  const index = isMap(policy) ? policy.index : policy;
  if (typeof index === 'string') return index;
  return isMap(index) ? indexNameOf(client, relation, namesOf(index.columns)) : undefined;
}

function reorderPolicy(index: string | undefined): Policy {
  return {
    procedure: 'policy_reorder',
    remove: 'select remove_reorder_policy($1::regclass, if_exists => true)',
    add:
      index !== undefined
        ? { sql: 'select add_reorder_policy($1::regclass, $2::name)', values: [index] }
        : undefined,
  };
}

/** Offsets of an integer dimension are plain numbers. */
function offsetType(value: string | undefined): string {
  return value !== undefined && /^\d+$/.test(value) ? 'bigint' : 'interval';
}

/** Turns the columnstore of a hypertable or continuous aggregate on, off, or to other settings. */
export async function applyCompressionSettings(
  client: ClientBase,
  node: ModelNode,
  relation: Relation,
  keyword: 'table' | 'materialized view',
): Promise<void> {
  const config = groupConfig(node, 'compression');
  if (config === undefined) return;
  const quote = (name: string) => client.escapeIdentifier(name);
  const settings = ['timescaledb.compress'];
  const { segments, order } = compressionOrder(node);
  if (segments.length > 0) {
    settings.push(
      `timescaledb.compress_segmentby = ${client.escapeLiteral(segments.map(quote).join(', '))}`,
    );
  }
  if (order.length > 0) {
    const terms = order.map(({ column, direction }) => `${quote(column)}${direction}`);
    settings.push(`timescaledb.compress_orderby = ${client.escapeLiteral(terms.join(', '))}`);
  }
  const chunk = intervalOf(config.chunk_time_interval);
  if (chunk !== undefined) {
    settings.push(`timescaledb.compress_chunk_time_interval = ${client.escapeLiteral(chunk)}`);
  }
  await client.query(`alter ${keyword} ${renderRelation(relation)} set (${settings.join(', ')})`);
}

/** What the columnstore of a model is cut and ordered by. */
export function compressionOrder(node: ModelNode): {
  readonly segments: readonly string[];
  readonly order: readonly { readonly column: string; readonly direction: string }[];
} {
  const config = groupConfig(node, 'compression');
  return {
    segments: namesOf(config?.segmentby),
    order: namesOf(config?.orderby).map((term) => {
      const [, column = term, direction = ''] = /^(\S+)((?:\s+\w+)*)$/.exec(term.trim()) ?? [];
      return { column, direction };
    }),
  };
}

async function presentPolicies(client: ClientBase, relation: Relation): Promise<Set<string>> {
  const { rows } = await client.query<{ procedure: string }>(
    `select procedure from ${POLICIES} as policy where relation_schema = $1 and relation = $2`,
    [relation.schema, relation.identifier],
  );
  return new Set(rows.map((row) => row.procedure));
}
