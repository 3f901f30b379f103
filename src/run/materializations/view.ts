import type { ModelNode } from '../../project/nodes.js';
import { renderRelation } from '../../project/relation.js';
import type { CompiledModel } from '../../project/templates/compile.js';
import { dropRelation } from '../catalog/relations.js';
import { keepingDependentViews } from '../relations/dependent-views.js';
import { keepingGrants } from '../relations/grants.js';
import { betweenHooks } from './between-hooks.js';
import { checkContract, hasContract } from './contract.js';
import { ABSENT, decided, type Materialization } from './decision.js';
import { situationOf } from './relation-changes.js';
import { refusedReplacement } from './replacing.js';

/** The columns cannot be changed in place: 42P16 is "invalid table definition". */
const NOT_REPLACEABLE = '42P16';

/** A view is made again by each run, so that it follows the columns of what it reads. */
export const view: Materialization = {
  async decide(context) {
    const situation = await situationOf(context);
    const { kind, changes } = situation;
    const refusal = refusedReplacement(context, situation, ['view', 'table']);
    if (refusal !== undefined) return refusal;
    if (kind === undefined) return decided(situation, 'create', [ABSENT]);
    if (kind === 'table') return decided(situation, 'replace', ['it exists as a table']);
    return decided(situation, changes.length > 0 ? 'replace' : 'unchanged');
  },

  async build(context, { kind }) {
    const { client, node } = context;
    const compiled = await context.compileOwn({ isIncremental: false });
    const create = `create or replace view ${renderRelation(node.relation)} as\n${compiled.sql}`;
    const replace = () =>
      keepingDependentViews(client, [node.relation], () =>
        keepingGrants(client, node.relation, async () => {
          await dropRelation(client, node.relation);
          await client.query(create);
        }),
      );
    const isDone = kind !== 'table' && isPlain(node, compiled) && (await replaced(create));
    if (!isDone) {
      await betweenHooks(
        context,
        compiled,
        async () => {
          if (hasContract(node)) await checkContract(context, compiled);
          await client.query('savepoint belt_view');
          if (kind !== 'table' && (await replaced(create))) return;
          await client.query('rollback to savepoint belt_view');
          await replace();
        },
        'view',
      );
    }
    return { message: 'CREATE VIEW' };

    async function replaced(sql: string): Promise<boolean> {
      try {
        await client.query(sql);
        return true;
      } catch (error) {
        if ((error as { code?: string }).code === NOT_REPLACEABLE) return false;
        throw error;
      }
    }
  },
};

/** Whether one statement is all that the view takes. */
function isPlain(node: ModelNode, { preHooks, postHooks }: CompiledModel): boolean {
  return (
    preHooks.length + postHooks.length === 0 &&
    node.description === '' &&
    Object.keys(node.columns).length === 0 &&
    node.config.grants === undefined &&
    !hasContract(node)
  );
}
