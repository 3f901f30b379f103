import type { ClientBase } from 'pg';
import type { ModelNode } from '../../project/nodes.js';
import { type Relation, renderRelation } from '../../project/relation.js';
import { groupConfig, namesOf } from './model-config.js';

/** Gives `target` the privileges that others hold on `source`. */
export async function copyGrants(
  client: ClientBase,
  source: Relation,
  target: Relation,
): Promise<void> {
  const { rows } = await client.query<{ statement: string }>(
    `select format('grant %s on %s to %s', privilege.privilege_type, $2::regclass,
        case when privilege.grantee = 0 then 'public' else privilege.grantee::regrole::text end
      ) as statement
      from pg_class as class, aclexplode(class.relacl) as privilege
      where class.oid = $1::regclass and privilege.grantee <> class.relowner`,
    [renderRelation(source), renderRelation(target)],
  );
  for (const { statement } of rows) await client.query(statement);
}

/**
 * Grants the privileges of a model's config `grants`, for example {select: [belt_reader]}. Roles
 * that the server does not have are passed over: belt may not have been let to make its own.
 */
export async function applyGrants(
  client: ClientBase,
  node: ModelNode,
  relation: Relation,
): Promise<void> {
  const grants = groupConfig(node, 'grants');
  for (const [privilege, value] of Object.entries(grants ?? {})) {
    if (!/^[a-z]+$/i.test(privilege)) continue;
    const { rows } = await client.query<{ rolname: string }>(
      'select rolname from pg_roles where rolname = any ($1)',
      [namesOf(node, `grants.${privilege}`, value)],
    );
    for (const { rolname } of rows) {
      await client.query(
        `grant ${privilege} on ${renderRelation(relation)} to ${client.escapeIdentifier(rolname)}`,
      );
    }
  }
}
