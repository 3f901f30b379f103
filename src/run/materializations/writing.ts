import type { ClientBase } from 'pg';
import { BeltError } from '../../errors.js';
import { type Relation, renderRelation } from '../../project/relation.js';
import type { CompiledModel } from '../../project/templates/compile.js';
import { columnsOf, selectedColumns, without } from '../catalog/relations.js';
import { choiceConfig } from '../relations/model-config.js';
import type { ModelContext } from './model-context.js';
import { refusedColumns } from './refusals.js';
import { writingStatements } from './strategies.js';

type SchemaChange = 'ignore' | 'fail' | 'append_new_columns' | 'sync_all_columns';

/** The statements that write what a model selects, after its target has been brought in line. */
export async function writingOf(
  context: ModelContext,
  target: Relation,
  compiled: CompiledModel,
): Promise<{ readonly columns: readonly string[]; readonly statements: readonly string[] }> {
  const columns = await matchColumns(context, target, compiled);
  return { columns, statements: writingStatements(context.node, target, compiled.sql, columns) };
}

/** Runs statements that write, and gives how many rows were inserted or changed by it. */
export async function runStatements(
  client: ClientBase,
  statements: readonly string[],
): Promise<number> {
  let rows = 0;
  for (const statement of statements) {
    const result = await client.query(statement);
    if (result.command === 'INSERT' || result.command === 'MERGE') rows += result.rowCount ?? 0;
  }
  return rows;
}

/** The columns to write, after the target has been brought in line as on_schema_change says. */
export async function matchColumns(
  context: ModelContext,
  target: Relation,
  compiled: CompiledModel,
): Promise<string[]> {
  const { client, node, memory } = context;
  const into = renderRelation(target);
  const find = () => selectedColumns(client, compiled.sql);
  const selected = await (memory?.columnsOf(node.uniqueId, compiled.sql, find) ?? find());
  const existing = await columnsOf(client, into);
  const added = without(selected, existing);
  const removed = without(existing, selected);
  const policy = choiceConfig<SchemaChange>(node, 'on_schema_change', 'ignore');
  if (policy === 'fail' && added.length + removed.length > 0) {
    throw new BeltError(
      `${node.name} selects other columns than ${into} has: ${describeChange(added, removed)}.`,
      {
        location: { file: node.path },
        hint: 'Run it with --full-refresh, or set on_schema_change to append_new_columns.',
      },
    );
  }
  if (policy === 'append_new_columns' || policy === 'sync_all_columns') {
    for (const column of added) {
      await client.query(
        `alter table ${into} add column ${client.escapeIdentifier(column.name)} ${column.type}`,
      );
    }
  }
  if (policy === 'sync_all_columns') {
    const refused = refusedColumns(node, removed);
    if (refused !== undefined) throw refused;
    for (const column of removed) {
      await client.query(`alter table ${into} drop column ${client.escapeIdentifier(column.name)}`);
    }
  }
  const written =
    policy === 'ignore' ? selected.filter((column) => !added.includes(column)) : selected;
  return written.map((column) => column.name);
}

function describeChange(
  added: readonly { name: string }[],
  removed: readonly { name: string }[],
): string {
  return [...added.map(({ name }) => `+${name}`), ...removed.map(({ name }) => `-${name}`)].join(
    ', ',
  );
}
