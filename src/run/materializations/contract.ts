import { BeltError } from '../../errors.js';
import type { ColumnProperties, Data, ModelNode } from '../../project/nodes.js';
import { isMap } from '../../project/reading/yaml-file.js';
import type { CompiledModel } from '../../project/templates/compile.js';
import { type Column, selectedColumns } from '../catalog/relations.js';
import { namesOf } from '../relations/model-config.js';
import type { ModelContext } from './model-context.js';

/** Whether YAML fixes the columns of a model. */
export function hasContract(node: ModelNode): boolean {
  const { contract } = node.config;
  return isMap(contract) && contract.enforced === true;
}

/**
 * The columns of a table as its contract defines them, after what the model selects has been held
 * against them. Throws a BeltError with all differences.
 */
export async function contractColumns(
  context: ModelContext,
  compiled: CompiledModel,
): Promise<string> {
  const { client, node } = context;
  await checkContract(context, compiled);
  const columns = Object.values(node.columns).map((column) =>
    [
      client.escapeIdentifier(column.name),
      column.dataType,
      ...column.constraints.map((constraint) => constraintSql(constraint)),
    ].join(' '),
  );
  const constraints = ((node.config.constraints ?? []) as readonly Data[]).map((constraint) => {
    const { name, columns } = constraint;
    const named = typeof name === 'string' ? `constraint ${client.escapeIdentifier(name)} ` : '';
    const over = namesOf(columns).map((column) => client.escapeIdentifier(column));
    return `${named}${constraintSql(constraint, over)}`;
  });
  return [...columns, ...constraints].join(',\n  ');
}

/** Throws a BeltError if a model does not select what its contract says. */
export async function checkContract(context: ModelContext, compiled: CompiledModel): Promise<void> {
  const { client, node } = context;
  const untyped = Object.values(node.columns).filter((column) => column.dataType === undefined);
  if (untyped.length > 0 || Object.keys(node.columns).length === 0) {
    throw new BeltError(
      `The contract of ${node.name} lacks the data_type of ${untyped.map((column) => column.name).join(', ') || 'every column'}.`,
      { location: { file: node.path }, hint: 'Give each column a data_type in YAML.' },
    );
  }
  const selected = await selectedColumns(client, compiled.sql);
  const { rows } = await client.query<{ type: string | null }>(
    'select format_type(to_regtype(name), null) as type from unnest($1::text[]) with ordinality as wanted (name, place) order by place',
    [Object.values(node.columns).map((column) => baseType(column.dataType ?? ''))],
  );
  const wanted = Object.values(node.columns).map((column, index) => ({
    ...column,
    type: rows[index]?.type ?? column.dataType ?? '',
  }));
  const differences = differencesOf(wanted, selected);
  if (differences.length === 0) return;
  throw new BeltError(`${node.name} breaks its contract: ${differences.join('; ')}.`, {
    location: { file: node.path },
    hint: 'Correct the select, or the columns in YAML.',
  });
}

function differencesOf(
  wanted: readonly (ColumnProperties & { readonly type: string })[],
  selected: readonly Column[],
): string[] {
  const named = (name: string) => selected.find((column) => column.name === name);
  return [
    ...wanted.flatMap(({ name, type }) => {
      const found = named(name);
      if (found === undefined) return [`${name} is missing`];
      return baseType(found.type) === baseType(type)
        ? []
        : [`${name} is ${found.type}, not ${type}`];
    }),
    ...selected
      .filter((column) => !wanted.some(({ name }) => name === column.name))
      .map((column) => `${column.name} is not in the contract`),
  ];
}

/** A type without its length or precision, which the contract does not compare. */
function baseType(type: string): string {
  return type.replace(/\([^)]*\)/g, '').trim();
}

/** A constraint as SQL: of a table over some columns, or of the column that it stands at. */
function constraintSql({ type, expression = '' }: Data, columns?: readonly string[]): string {
  const over = columns === undefined ? '' : ` (${columns.join(', ')})`;
  switch (type) {
    case 'not_null':
      return 'not null';
    case 'unique':
      return `unique${over} ${expression}`;
    case 'primary_key':
      return `primary key${over} ${expression}`;
    case 'check':
      return `check (${expression})`;
    case 'foreign_key':
      return `${columns === undefined ? '' : `foreign key${over} `}references ${expression}`;
    default:
      return String(expression);
  }
}
