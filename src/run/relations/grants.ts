import type { ClientBase } from 'pg';
import { didYouMean } from '../../did-you-mean.js';
import { BeltError } from '../../errors.js';
import { type Relation, renderRelation } from '../../project/relation.js';
import { findRelation } from '../catalog/relations.js';
import { type Configured, groupConfig, namesOf } from './model-config.js';

/** A privilege that somebody besides the owner holds, or is to hold, such as select of PUBLIC. */
export interface Grant {
  /** In lower case. */
  readonly privilege: string;
  /** As SQL names it: a quoted role, or public. */
  readonly grantee: string;
}

interface RelationGrants {
  readonly owner: string;
  /** All privileges that there are for a relation. */
  readonly privileges: readonly string[];
  /** What others than the owner hold; `byOwner` tells what the owner gave, and can take back. */
  readonly held: readonly (Grant & { readonly byOwner: boolean })[];
}

/** Gives `target` the privileges that others hold on `source`. */
export async function copyGrants(
  client: ClientBase,
  source: Relation,
  target: Relation,
): Promise<void> {
  const { held } = await grantsOf(client, source);
  await grantAll(client, target, held);
}

/** Makes a relation anew by `replace`: others hold on it what they held before. */
export async function keepingGrants(
  client: ClientBase,
  relation: Relation,
  replace: () => Promise<void>,
): Promise<void> {
  const { held } = await grantsOf(client, relation);
  await replace();
  await grantAll(client, relation, held);
}

async function grantAll(
  client: ClientBase,
  relation: Relation,
  grants: readonly Grant[],
): Promise<void> {
  for (const { privilege, grantee } of grants) {
    await client.query(`grant ${privilege} on ${renderRelation(relation)} to ${grantee}`);
  }
}

/**
 * Makes the privileges of others those of a node's config `grants`, such as {select: [reader]}, as
 * dbt does: what is missing is granted, and what is not listed is revoked. Without such a config
 * they are left alone. Roles that do not exist are told by `grantWarning`.
 */
export async function applyGrants(
  client: ClientBase,
  node: Configured,
  relation: Relation,
): Promise<void> {
  const config = Object.entries(groupConfig(node, 'grants') ?? {});
  if (config.length === 0) return;
  const { owner, privileges, held } = await grantsOf(client, relation);
  const grantees = await granteesByName(client, node);
  const wanted = config.flatMap(([key, value]) => {
    const named = namesOf(value).map((name) => grantees.get(name));
    const existing = named.filter((grantee) => grantee !== undefined && grantee !== owner);
    return privilegesOf(node, key, privileges).flatMap((privilege) =>
      existing.map((grantee) => ({ privilege, grantee: grantee as string })),
    );
  });
  const name = renderRelation(relation);
  const revocable = held.filter(({ byOwner }) => byOwner);
  for (const { privilege, grantee } of without(revocable, wanted)) {
    await client.query(`revoke ${privilege} on ${name} from ${grantee}`);
  }
  await grantAll(client, relation, without(wanted, held));
}

/** What is to be told of names in a node's config `grants` that are no roles of the server. */
export async function grantWarning(
  client: ClientBase,
  node: Configured,
): Promise<string | undefined> {
  const unknown = [...(await granteesByName(client, node))].flatMap(([name, grantee]) =>
    grantee === undefined ? [client.escapeIdentifier(name)] : [],
  );
  if (unknown.length === 0) return undefined;
  const roles = `${unknown.length === 1 ? 'the role' : 'the roles'} ${unknown.join(', ')}`;
  return `The server does not have ${roles} that the grants of ${node.name} name, so nothing was granted there. Have \`create role … nologin\` run by someone who may, or correct the config grants; the next run grants it.`;
}

/** What others hold on the relation of a node that has the config `grants`, if it is there. */
export async function readGrants(
  client: ClientBase,
  node: Configured & { readonly relation: Relation },
): Promise<readonly Grant[]> {
  if (groupConfig(node, 'grants') === undefined) return [];
  if ((await findRelation(client, node.relation)) === undefined) return [];
  return (await grantsOf(client, node.relation)).held;
}

/** What of `before` is not held any more, such as `, revoked select of ann`; else nothing. */
export function revokedText(before: readonly Grant[], now: readonly Grant[]): string {
  const gone = without(before, now).map(({ privilege, grantee }) => `${privilege} of ${grantee}`);
  return gone.length === 0 ? '' : `, revoked ${gone.join(', ')}`;
}

async function grantsOf(client: ClientBase, relation: Relation): Promise<RelationGrants> {
  const { rows } = await client.query<RelationGrants>(
    `select quote_ident(pg_get_userbyid(class.relowner)) as owner,
        array(select lower(privilege_type) from aclexplode(acldefault('r', class.relowner)))
          as privileges,
        coalesce(
          (
            select jsonb_agg(jsonb_build_object(
              'privilege', lower(privilege_type),
              'grantee', case when grantee = 0 then 'public' else grantee::regrole::text end,
              'byOwner', grantor = class.relowner
            ))
            from aclexplode(class.relacl)
            where grantee <> class.relowner
          ),
          '[]'
        ) as held
      from pg_class as class where class.oid = $1::regclass`,
    [renderRelation(relation)],
  );
  return rows[0] as RelationGrants;
}

/**
 * What SQL calls each grantee of a node's config; undefined for what is no role. As SQL would
 * read it, a name without quotes is also found in lower case, and public is everybody.
 */
async function granteesByName(
  client: ClientBase,
  node: Configured,
): Promise<Map<string, string | undefined>> {
  const names = Object.values(groupConfig(node, 'grants') ?? {}).flatMap(namesOf);
  if (names.length === 0) return new Map();
  const { rows } = await client.query<{ name: string; grantee: string | null }>(
    `select name, case when lower(name) = 'public' then 'public' else (
        select quote_ident(rolname) from pg_roles
        where rolname in (name, lower(name), substring(name from '^"(.*)"$'))
        order by rolname = name desc limit 1
      ) end as grantee
      from unnest($1::text[]) as name`,
    [names],
  );
  return new Map(rows.map(({ name, grantee }) => [name, grantee ?? undefined]));
}

function privilegesOf(node: Configured, key: string, known: readonly string[]): readonly string[] {
  const privilege = key.toLowerCase();
  if (privilege === 'all' || privilege === 'all privileges') return known;
  if (known.includes(privilege)) return [privilege];
  throw new BeltError(
    `The config grants of ${node.name} names the privilege ${key}, which there is none of${didYouMean(privilege, known)}.`,
    { location: { file: node.path }, hint: `Privileges are ${known.join(', ')} and all.` },
  );
}

/** The grants of `some` that are not among `others`. */
function without(some: readonly Grant[], others: readonly Grant[]): Grant[] {
  const known = new Set(others.map(({ privilege, grantee }) => `${privilege} ${grantee}`));
  return some.filter(({ privilege, grantee }) => !known.has(`${privilege} ${grantee}`));
}
