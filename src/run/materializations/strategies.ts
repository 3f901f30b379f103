import pg from 'pg';
import { BeltError } from '../../errors.js';
import type { ModelNode } from '../../project/nodes.js';
import { type Relation, renderRelation } from '../../project/relation.js';
import { choiceConfig, flagConfig, namesConfig, textsConfig } from '../relations/model-config.js';

type Strategy = 'append' | 'merge' | 'delete+insert' | 'upsert' | 'microbatch';

/** Configs that only some strategies act upon; with another one, what is asked would not be done. */
const ONLY_WITH: Readonly<Record<string, readonly Strategy[]>> = {
  merge_update_columns: ['merge', 'upsert'],
  merge_exclude_columns: ['merge', 'upsert'],
  incremental_predicates: ['merge', 'delete+insert'],
  predicates: ['merge', 'delete+insert'],
};

const quote = (name: string) => pg.escapeIdentifier(name);

/** The statements that write `columns` of what `sql` gives into `target`, by the model's strategy. */
export function writingStatements(
  node: ModelNode,
  target: Relation,
  sql: string,
  columns: readonly string[],
): string[] {
  const into = renderRelation(target);
  const list = columns.map(quote).join(', ');
  const insert = `insert into ${into} as existing (${list})\nselect ${list} from (\n${sql}\n) as model`;
  const keys = namesConfig(node, 'unique_key');
  // by these names predicates tell the row that is there from the one that comes
  const matches = [
    ...keys.map((name) => `DBT_INTERNAL_DEST.${quote(name)} = DBT_INTERNAL_SOURCE.${quote(name)}`),
    ...predicatesOf(node).map((predicate) => `(${predicate})`),
  ].join(' and ');
  switch (strategyOf(node)) {
    case 'append':
    case 'microbatch':
      return [insert];
    case 'upsert':
      return [
        upsert(
          insert,
          keys.map(quote),
          updatedColumns(node, columns, keys),
          flagConfig(node, 'upsert_keeps_when_null', false),
        ),
      ];
    case 'merge': {
      const updates = updatedColumns(node, columns, keys).map(
        (name) => `${name} = DBT_INTERNAL_SOURCE.${name}`,
      );
      return [
        `merge into ${into} as DBT_INTERNAL_DEST using (\n${sql}\n) as DBT_INTERNAL_SOURCE
          on ${matches}
          ${updates.length === 0 ? '' : `when matched then update set ${updates.join(', ')}`}
          when not matched then insert (${list}) values (${columns.map((name) => `DBT_INTERNAL_SOURCE.${quote(name)}`).join(', ')})`,
      ];
    }
    case 'delete+insert':
      return [
        'drop table if exists pg_temp.belt_delta',
        `create temp table belt_delta as\n${sql}`,
        `delete from ${into} as DBT_INTERNAL_DEST
          using pg_temp.belt_delta as DBT_INTERNAL_SOURCE where ${matches}`,
        `insert into ${into} (${list}) select ${list} from pg_temp.belt_delta`,
        'drop table pg_temp.belt_delta',
      ];
  }
}

function strategyOf(node: ModelNode): Strategy {
  const keys = namesConfig(node, 'unique_key');
  const fallback = keys.length > 0 ? 'delete+insert' : 'append';
  const strategy = choiceConfig<Strategy>(node, 'incremental_strategy', fallback);
  if (strategy !== 'append' && strategy !== 'microbatch' && keys.length === 0) {
    throw new BeltError(`${node.name} has incremental_strategy ${strategy}, but no unique_key.`, {
      location: { file: node.path },
      hint: "Name the columns that tell its rows apart: unique_key=['device_id', 'ts'].",
    });
  }
  for (const [key, strategies] of Object.entries(ONLY_WITH)) {
    if (node.config[key] === undefined || strategies.includes(strategy)) continue;
    throw new BeltError(`${node.name} has ${key}, which its strategy ${strategy} can't heed.`, {
      location: { file: node.path },
      hint: `Remove ${key}, or use incremental_strategy='${strategies.join("' or '")}'.`,
    });
  }
  return strategy;
}

/** The quoted columns that a row which is there takes from the one that comes. */
function updatedColumns(
  node: ModelNode,
  columns: readonly string[],
  keys: readonly string[],
): string[] {
  const only = namesConfig(node, 'merge_update_columns');
  const not = namesConfig(node, 'merge_exclude_columns').map((name) => name.toLowerCase());
  if (only.length > 0 && not.length > 0) {
    throw new BeltError(`${node.name} has both merge_update_columns and merge_exclude_columns.`, {
      location: { file: node.path },
      hint: 'Keep one of them: the other follows from it.',
    });
  }
  if (only.length > 0) return only.map(quote);
  return columns
    .filter((name) => !keys.includes(name) && !not.includes(name.toLowerCase()))
    .map(quote);
}

/** Whether the unique_key tells rows apart: not, where predicates leave rows out of the comparison. */
export function keyIsUnique(node: ModelNode): boolean {
  return predicatesOf(node).length === 0;
}

/** Conditions that narrow what is compared with the rows that are there. */
function predicatesOf(node: ModelNode): readonly string[] {
  const predicates = textsConfig(node, 'incremental_predicates');
  return predicates.length > 0 ? predicates : textsConfig(node, 'predicates');
}

/** Rows that would not change are left alone, so that nothing is rewritten or refreshed for them. */
function upsert(
  insert: string,
  keys: readonly string[],
  others: readonly string[],
  keepsWhenNull: boolean,
): string {
  const conflict = `${insert}\non conflict (${keys.join(', ')})`;
  if (others.length === 0) return `${conflict} do nothing`;
  const values = others.map((name) =>
    keepsWhenNull ? `coalesce(excluded.${name}, existing.${name})` : `excluded.${name}`,
  );
  const updates = others.map((name, index) => `${name} = ${values[index]}`);
  return `${conflict} do update set
    ${updates.join(',\n    ')}
    where (${others.map((name) => `existing.${name}`).join(', ')})
      is distinct from (${values.join(', ')})`;
}
