import { BeltError } from '../../errors.js';
import { isMap } from '../../project/reading/yaml-file.js';
import { renderRelation } from '../../project/relation.js';
import { columnsOf } from '../catalog/relations.js';
import { createIndexes } from '../relations/indexes.js';
import { choiceConfig, flagConfig, namesConfig, textConfig } from '../relations/model-config.js';
import { betweenHooks } from './between-hooks.js';
import type { Materialization } from './decision.js';
import { decideGrowing } from './growing.js';
import type { ModelContext } from './model-context.js';
import { situationOf } from './relation-changes.js';
import { refusedReplacement } from './replacing.js';
import { alterPersistence, tableKeyword } from './write-rows.js';

const META_COLUMNS = [
  'dbt_scd_id',
  'dbt_updated_at',
  'dbt_valid_from',
  'dbt_valid_to',
  'dbt_is_deleted',
] as const;
type MetaColumn = (typeof META_COLUMNS)[number];

const STAGED = 'pg_temp.belt_snapshot';

/** Keeps what a query gave at each time: a row for each version, with the times of its validity. */
export const snapshot: Materialization = {
  async decide(context) {
    const situation = await situationOf(context);
    return (
      refusedReplacement(context, situation, ['table']) ??
      // history is never built anew: there is nothing to build it from
      decideGrowing(context, situation, undefined)
    );
  },

  async build(context, { action, configChanged }) {
    const { client, node } = context;
    const isNew = action === 'create';
    const compiled = await context.compileOwn({ isIncremental: !isNew });
    const plan = planOf(context);
    const target = renderRelation(node.relation);
    const rows = await betweenHooks(context, compiled, async () => {
      await client.query(`create temp table belt_snapshot on commit drop as\n${compiled.sql}`);
      const columns = (await columnsOf(client, STAGED)).map((column) => column.name);
      if (isNew) {
        const { rowCount } = await client.query(
          `create ${tableKeyword(node)} ${target} as
            select source.*, ${versionColumns(plan)} from ${STAGED} as source`,
        );
        await createIndexes(client, node, node.relation, false);
        return rowCount ?? 0;
      }
      if (configChanged) await alterPersistence(context);
      await addColumns(context, target);
      await createIndexes(client, node, node.relation, false);
      return applyVersions(context, plan, target, columns);
    });
    return { rows, message: `${isNew ? 'CREATE' : 'INSERT'} ${rows}` };
  },
};

interface SnapshotPlan {
  readonly keys: readonly string[];
  /** SQL for when a row of `source` came to be as it is. */
  readonly updatedAt: string;
  /** SQL for whether a row of `source` differs from the known version `snapshotted`. */
  changed(columns: readonly string[]): string;
  readonly hardDeletes: 'ignore' | 'invalidate' | 'new_record';
  /** SQL for the end of validity of current versions. */
  readonly current: string;
  readonly isCurrent: string;
  readonly meta: Readonly<Record<MetaColumn, string>>;
}

const NOW = `(now() at time zone 'UTC')`;

function planOf({ client, node }: ModelContext): SnapshotPlan {
  const quote = (name: string) => client.escapeIdentifier(name);
  const keys = namesConfig(node, 'unique_key');
  const wrong = (message: string, hint: string) =>
    new BeltError(message, { location: { file: node.path }, hint });
  if (keys.length === 0) {
    throw wrong(`The snapshot ${node.name} has no unique_key.`, "Add unique_key='id' to config().");
  }
  const strategy = choiceConfig<'timestamp' | 'check'>(node, 'strategy', 'timestamp');
  const updatedAt = textConfig(node, 'updated_at');
  if (strategy === 'timestamp' && updatedAt === undefined) {
    throw wrong(
      `The snapshot ${node.name} has the strategy timestamp, but no updated_at.`,
      'Name the column that says when a row was changed, or use the strategy check.',
    );
  }
  const checked = node.config.check_cols === 'all' ? undefined : namesConfig(node, 'check_cols');
  if (strategy === 'check' && checked?.length === 0) {
    throw wrong(
      `The snapshot ${node.name} has the strategy check, but no check_cols.`,
      "Name columns, or all of them: check_cols='all'.",
    );
  }
  const renamed = node.config.snapshot_meta_column_names;
  const meta = Object.fromEntries(
    META_COLUMNS.map((name) => {
      const other = isMap(renamed) ? renamed[name] : undefined;
      return [name, quote(typeof other === 'string' ? other : name)];
    }),
  ) as Record<MetaColumn, string>;
  const current = textConfig(node, 'dbt_valid_to_current');
  const validTo = `snapshotted.${meta.dbt_valid_to}`;
  return {
    keys: keys.map(quote),
    updatedAt: updatedAt === undefined ? NOW : `source.${quote(updatedAt)}`,
    changed: (columns) =>
      strategy === 'timestamp'
        ? `snapshotted.${meta.dbt_valid_from} < source.${quote(updatedAt ?? '')}`
        : `(${(checked ?? columns).map((name) => `snapshotted.${quote(name)} is distinct from source.${quote(name)}`).join(' or ')})`,
    hardDeletes: flagConfig(node, 'invalidate_hard_deletes', false)
      ? 'invalidate'
      : choiceConfig(node, 'hard_deletes', 'ignore'),
    current: current ?? 'null',
    isCurrent:
      current === undefined
        ? `${validTo} is null`
        : `(${validTo} is null or ${validTo} = ${current})`,
    meta,
  };
}

function versionColumns(plan: SnapshotPlan, deleted = false): string {
  const { meta, updatedAt } = plan;
  const at = deleted ? NOW : updatedAt;
  return [
    `${scdId(plan, at)} as ${meta.dbt_scd_id}`,
    `${at} as ${meta.dbt_updated_at}`,
    `${at} as ${meta.dbt_valid_from}`,
    // of the type of the other times
    `coalesce(nullif(${at}, ${at}), ${plan.current}) as ${meta.dbt_valid_to}`,
    ...(plan.hardDeletes === 'new_record'
      ? [`'${deleted ? 'True' : 'False'}'::text as ${meta.dbt_is_deleted}`]
      : []),
  ].join(', ');
}

function scdId({ keys }: SnapshotPlan, at: string): string {
  const parts = [...keys.map((key) => `source.${key}`), at];
  return `md5(${parts.map((part) => `coalesce(cast(${part} as text), '')`).join(" || '|' || ")})`;
}

async function addColumns({ client }: ModelContext, target: string): Promise<void> {
  const existing = await columnsOf(client, target);
  for (const column of await columnsOf(client, STAGED)) {
    if (existing.some(({ name }) => name === column.name)) continue;
    await client.query(
      `alter table ${target} add column ${client.escapeIdentifier(column.name)} ${column.type}`,
    );
  }
}

/** Ends versions that have changed or gone, and adds the new ones. Gives the rows added. */
async function applyVersions(
  { client }: ModelContext,
  plan: SnapshotPlan,
  target: string,
  columns: readonly string[],
): Promise<number> {
  const { keys, meta, isCurrent, hardDeletes } = plan;
  const list = columns.map((name) => client.escapeIdentifier(name));
  const metaNames = [
    meta.dbt_scd_id,
    meta.dbt_updated_at,
    meta.dbt_valid_from,
    meta.dbt_valid_to,
    ...(hardDeletes === 'new_record' ? [meta.dbt_is_deleted] : []),
  ];
  const into = `insert into ${target} (${[...list, ...metaNames].join(', ')})`;
  const sameKey = keys.map((key) => `snapshotted.${key} = source.${key}`).join(' and ');
  const wasDeleted =
    hardDeletes === 'new_record' ? `or snapshotted.${meta.dbt_is_deleted} = 'True'` : '';
  await client.query(
    `create temp table belt_snapshot_new on commit drop as
      select source.* from ${STAGED} as source
      left join ${target} as snapshotted on ${sameKey} and ${isCurrent}
      where snapshotted.${meta.dbt_scd_id} is null or ${plan.changed(columns)} ${wasDeleted}`,
  );
  await client.query(
    `update ${target} as snapshotted set ${meta.dbt_valid_to} = ${plan.updatedAt}
      from pg_temp.belt_snapshot_new as source where ${sameKey} and ${isCurrent}`,
  );
  if (hardDeletes !== 'ignore') {
    const gone = `${isCurrent} and not exists (select from ${STAGED} as source where ${sameKey})
      ${hardDeletes === 'new_record' ? `and snapshotted.${meta.dbt_is_deleted} = 'False'` : ''}`;
    if (hardDeletes === 'new_record') {
      await client.query(
        `create temp table belt_snapshot_gone on commit drop as
          select ${list.map((name) => `snapshotted.${name}`).join(', ')} from ${target} as snapshotted where ${gone}`,
      );
    }
    await client.query(
      `update ${target} as snapshotted set ${meta.dbt_valid_to} = ${NOW} where ${gone}`,
    );
    if (hardDeletes === 'new_record') {
      await client.query(
        `${into} select ${list.map((name) => `source.${name}`).join(', ')}, ${versionColumns(plan, true)} from pg_temp.belt_snapshot_gone as source`,
      );
    }
  }
  const { rowCount } = await client.query(
    `${into} select ${list.map((name) => `source.${name}`).join(', ')}, ${versionColumns(plan)} from pg_temp.belt_snapshot_new as source`,
  );
  return rowCount ?? 0;
}
