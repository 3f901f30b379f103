import type { ClientBase } from 'pg';
import type { ModelNode, SeedNode } from '../../project/nodes.js';
import { type Relation, renderRelation } from '../../project/relation.js';
import { columnsOf } from './catalog.js';

/** Writes the descriptions of a node and its columns into the database as comments. */
export async function describeRelation(
  client: ClientBase,
  node: ModelNode | SeedNode,
  relation: Relation,
  kind: 'table' | 'view',
): Promise<void> {
  const name = renderRelation(relation);
  const existing = await columnsOf(client, name);
  const comments = existing.flatMap((column) => {
    const description = node.columns[column.name]?.description;
    return description
      ? [
          `comment on column ${name}.${client.escapeIdentifier(column.name)} is ${client.escapeLiteral(description)}`,
        ]
      : [];
  });
  if (node.description) {
    comments.unshift(`comment on ${kind} ${name} is ${client.escapeLiteral(node.description)}`);
  }
  if (comments.length > 0) await client.query(comments.join(';\n'));
}
