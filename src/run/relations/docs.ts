import type { ClientBase } from 'pg';
import { didYouMean } from '../../did-you-mean.js';
import type { ModelNode, SeedNode } from '../../project/nodes.js';
import { type Relation, renderRelation } from '../../project/relation.js';
import { groupConfig } from './model-config.js';

/**
 * Writes the descriptions of a node and its columns into the database, where they differ, unless
 * its persist_docs says that they are to stay out of it.
 */
export async function describeRelation(
  client: ClientBase,
  node: ModelNode | SeedNode,
  relation: Relation,
  kind: 'table' | 'view',
): Promise<void> {
  const persisted = groupConfig(node, 'persist_docs') ?? {};
  const before = await commentsOf(client, relation);
  const wanted = before.flatMap(({ column, comment }) => {
    if (persisted[column === null ? 'relation' : 'columns'] === false) return [];
    const text = column === null ? node.description : node.columns[column]?.description;
    return text && text !== comment ? [{ column, comment: text }] : [];
  });
  await writeComments(client, relation, kind, wanted);
}

/** Tells columns that YAML describes, and that the relation of a node does not have. */
export async function docsWarning(
  client: ClientBase,
  { name, columns, relation }: ModelNode | SeedNode,
): Promise<string | undefined> {
  if (Object.keys(columns).length === 0) return undefined;
  const existing = (await commentsOf(client, relation)).flatMap(({ column }) => column ?? []);
  const stray = Object.values(columns).filter((column) => !existing.includes(column.name));
  const told = stray.map(
    ({ name: column, place }) =>
      `${place.file}:${place.line}: ${name} has no column ${column} to describe${didYouMean(column, existing)}.`,
  );
  return told.length === 0 ? undefined : told.join('\n');
}

/** Gives `target` the comments of `source` that it has none of its own for. */
export async function copyComments(
  client: ClientBase,
  source: Relation,
  target: Relation,
  kind: 'table' | 'view',
): Promise<void> {
  const known = new Map(
    (await commentsOf(client, source)).map(({ column, comment }) => [column, comment]),
  );
  const wanted = (await commentsOf(client, target)).flatMap(({ column, comment }) => {
    const text = comment ?? known.get(column) ?? null;
    return text !== null && text !== comment ? [{ column, comment: text }] : [];
  });
  await writeComments(client, target, kind, wanted);
}

/** What is said of a column, or of the relation itself where `column` is null. */
interface Comment<Text> {
  readonly column: string | null;
  readonly comment: Text;
}

/** The relation and each of its columns, with its comment if it has one. */
async function commentsOf(
  client: ClientBase,
  relation: Relation,
): Promise<Comment<string | null>[]> {
  const { rows } = await client.query<Comment<string | null>>(
    `select null as column, obj_description($1::regclass, 'pg_class') as comment
      union all
      select attname, col_description(attrelid, attnum) from pg_attribute
      where attrelid = $1::regclass and attnum > 0 and not attisdropped`,
    [renderRelation(relation)],
  );
  return rows;
}

async function writeComments(
  client: ClientBase,
  relation: Relation,
  kind: 'table' | 'view',
  comments: readonly Comment<string>[],
): Promise<void> {
  const name = renderRelation(relation);
  const statements = comments.map(({ column, comment }) => {
    const what =
      column === null ? `${kind} ${name}` : `column ${name}.${client.escapeIdentifier(column)}`;
    return `comment on ${what} is ${client.escapeLiteral(comment)}`;
  });
  if (statements.length > 0) await client.query(statements.join(';\n'));
}
