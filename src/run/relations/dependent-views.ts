import type { ClientBase } from 'pg';
import { BeltError } from '../../errors.js';
import { type Relation, renderRelation } from '../../project/relation.js';
import { IS_PLAIN_VIEW } from '../catalog/relations.js';

/** A view that reads a relation which is about to be replaced, with all that makes it up again. */
interface DependentView {
  readonly name: string;
  readonly definition: string;
  readonly comment: string | null;
  readonly options: string | null;
  readonly grants: readonly string[];
  /** Of its columns, as statements. */
  readonly columnComments: readonly string[];
}

/**
 * Replaces relations under the views that read them, belt's own and others': takes the views
 * (those of `except` are left out) away, runs `replace`, and makes them again by their text, so that
 * they read the new relation of the same name. To be called in a transaction.
 */
export async function keepingDependentViews(
  client: ClientBase,
  relations: readonly Relation[],
  replace: () => Promise<void>,
): Promise<void> {
  const views = await dependentViews(client, relations);
  for (const view of views.toReversed()) await client.query(`drop view ${view.name}`);
  await replace();
  for (const view of views) {
    const options = view.options === null ? '' : ` with (${view.options})`;
    await makeAgain(client, view.name, `create view ${view.name}${options} as ${view.definition}`);
    if (view.comment !== null) {
      await client.query(`comment on view ${view.name} is ${client.escapeLiteral(view.comment)}`);
    }
    for (const statement of [...view.grants, ...view.columnComments]) await client.query(statement);
  }
}

/** Class 42 of SQLSTATE: the statement does not fit the columns and types that there are. */
const WRONG_STATEMENT = '42';

async function makeAgain(client: ClientBase, name: string, create: string): Promise<void> {
  try {
    await client.query(create);
  } catch (cause) {
    if (!(cause as { code?: string }).code?.startsWith(WRONG_STATEMENT)) throw cause;
    throw new BeltError(
      `The view ${name} does not fit what it reads any more: ${(cause as Error).message}.`,
      {
        hint: `Nothing was changed. Drop ${name}, or write it for the new columns, and run this again.`,
        cause,
      },
    );
  }
}

/** Views over the relations, each after those that it reads. */
async function dependentViews(
  client: ClientBase,
  relations: readonly Relation[],
): Promise<DependentView[]> {
  const { rows } = await client.query<DependentView>(
    `with recursive dependent (view, depth) as (
        select rewrite.ev_class, 1
        from pg_depend as depend
        join pg_rewrite as rewrite on rewrite.oid = depend.objid
        join pg_class as class on class.oid = rewrite.ev_class
        where depend.classid = 'pg_rewrite'::regclass
          and depend.refobjid = any ($1::regclass[])
          and rewrite.ev_class <> all ($1::regclass[]) and class.relkind = 'v'
        union
        select rewrite.ev_class, dependent.depth + 1
        from dependent
        join pg_depend as depend
          on depend.refobjid = dependent.view and depend.classid = 'pg_rewrite'::regclass
        join pg_rewrite as rewrite on rewrite.oid = depend.objid
        where rewrite.ev_class <> dependent.view
      )
      select
        -- with its schema: made without, it would go to the first one of the search path
        format('%I.%I', namespace.nspname, class.relname) as name,
        pg_get_viewdef(class.oid) as definition,
        obj_description(class.oid, 'pg_class') as comment,
        array_to_string(class.reloptions, ', ') as options,
        array(
          select format('grant %s on %I.%I to %s', privilege.privilege_type,
            namespace.nspname, class.relname,
            case when privilege.grantee = 0 then 'public' else privilege.grantee::regrole::text end)
          from aclexplode(class.relacl) as privilege
          where privilege.grantee <> class.relowner
        ) as grants,
        array(
          select format('comment on column %I.%I.%I is %L', namespace.nspname, class.relname,
            attname, col_description(attrelid, attnum))
          from pg_attribute
          where attrelid = class.oid and col_description(attrelid, attnum) is not null
        ) as "columnComments"
      from (select view, max(depth) as depth from dependent group by view) as dependent
      join pg_class as class on class.oid = dependent.view
      join pg_namespace as namespace on namespace.oid = class.relnamespace
      where ${IS_PLAIN_VIEW}
      order by dependent.depth, class.oid`,
    [relations.map(renderRelation)],
  );
  return rows;
}
