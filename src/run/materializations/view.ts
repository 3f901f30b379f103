import { inTransaction } from '../../database/transaction.js';
import { renderRelation } from '../../project/relation.js';
import { dropRelation, findRelation } from '../relations/catalog.js';
import { keepingDependentViews } from '../relations/dependent-views.js';
import { describeRelation } from '../relations/docs.js';
import { applyGrants } from '../relations/grants.js';
import { checkContract, hasContract } from './contract.js';
import type { Materialization } from './model-context.js';
import { refuseToReplace } from './replacing.js';

/** The columns cannot be changed in place: 42P16 is "invalid table definition". */
const NOT_REPLACEABLE = '42P16';

export const view: Materialization = async (context) => {
  const { client, node } = context;
  const { sql, preHooks, postHooks } = await context.compile(node, { isIncremental: false });
  const name = renderRelation(node.relation);
  const kind = await findRelation(client, node.relation);
  await refuseToReplace(context, kind, ['view', 'table']);
  const create = `create or replace view ${name} as\n${sql}`;
  if (kind !== 'table' && isPlain() && (await createdAtOnce())) return { message: 'CREATE VIEW' };
  await inTransaction(client, async () => {
    for (const hook of preHooks) await client.query(hook);
    if (hasContract(node)) await checkContract(context, { sql, preHooks, postHooks });
    await client.query('savepoint belt_view');
    try {
      if (kind === 'table') await replace();
      else await client.query(create);
    } catch (error) {
      if ((error as { code?: string }).code !== NOT_REPLACEABLE) throw error;
      await client.query('rollback to savepoint belt_view');
      await replace();
    }
    await describeRelation(client, node, node.relation, 'view');
    await applyGrants(client, node, node.relation);
    for (const hook of postHooks) await client.query(hook);
  });
  return { message: 'CREATE VIEW' };

  /** Whether one statement is all that the view takes. */
  function isPlain(): boolean {
    const { description, columns, config } = node;
    return (
      preHooks.length + postHooks.length === 0 &&
      description === '' &&
      Object.keys(columns).length === 0 &&
      config.grants === undefined &&
      !hasContract(node)
    );
  }

  async function createdAtOnce(): Promise<boolean> {
    try {
      await client.query(create);
      return true;
    } catch (error) {
      if ((error as { code?: string }).code === NOT_REPLACEABLE) return false;
      throw error;
    }
  }

  function replace(): Promise<void> {
    return keepingDependentViews(client, [node.relation], async () => {
      await dropRelation(client, node.relation);
      await client.query(create);
    });
  }
};
