import { BeltError } from '../../errors.js';
import { renderRelation } from '../../project/relation.js';
import { applyPolicies } from '../timescale/policies.js';
import { betweenHooks } from './between-hooks.js';
import { ABSENT, decided, type Materialization, refused } from './decision.js';
import { alterHypertable } from './hypertable.js';
import { situationOf } from './relation-changes.js';

/** A hypertable that others make and fill: only its settings and policies are the model's. */
export const virtualHypertable: Materialization = {
  async decide(context) {
    const { node } = context;
    const situation = await situationOf(context);
    const { kind, configChanged } = situation;
    if (kind === 'hypertable') return decided(situation, configChanged ? 'alter' : 'unchanged');
    const called = kind === undefined ? 'not there' : `a ${kind.replaceAll('_', ' ')}`;
    return refused(
      situation,
      kind === undefined ? ABSENT : `it is ${called}`,
      new BeltError(
        `${renderRelation(node.relation)} is ${called}, and ${node.name} only looks after a hypertable that others made.`,
        {
          location: { file: node.path },
          hint: "Make the hypertable first, or let belt do it: materialized='hypertable'.",
        },
      ),
    );
  },

  async build(context, { configChanged }) {
    const { client, node } = context;
    const compiled = await context.compileOwn({ isIncremental: true });
    await betweenHooks(context, compiled, async () => {
      if (configChanged) await alterHypertable(context);
      await applyPolicies(client, node, node.relation, configChanged);
    });
    return { message: 'ALTER HYPERTABLE' };
  },
};
