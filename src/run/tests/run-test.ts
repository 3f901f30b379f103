import type { ClientBase } from 'pg';
import { inTransaction } from '../../database/transaction.js';
import type { TestNode } from '../../project/nodes.js';
import { renderRelation } from '../../project/relation.js';
import { dropRelation } from '../catalog/relations.js';
import { textConfig } from '../relations/model-config.js';
import type { NodeStatus } from '../run-events.js';

export interface TestOutcome {
  readonly status: NodeStatus;
  readonly message: string;
  readonly failures: number;
  readonly hint?: string;
}

/** Whether the rows that a test finds are kept in a table. */
export function storesFailures(node: TestNode, asked: boolean): boolean {
  const { store_failures: store, store_failures_as: kind } = node.config;
  if (typeof kind === 'string') return kind !== 'ephemeral';
  return typeof store === 'boolean' ? store : asked;
}

/** Runs a data test: a query for rows that should not be, judged by its thresholds. */
export async function runTest(
  client: ClientBase,
  node: TestNode,
  sql: string,
  store: boolean,
): Promise<TestOutcome> {
  const limited = `${sql}${typeof node.config.limit === 'number' ? `\nlimit ${node.config.limit}` : ''}`;
  const table = renderRelation(node.relation);
  if (store) {
    await inTransaction(client, async () => {
      await client.query(
        `create schema if not exists ${client.escapeIdentifier(node.relation.schema)}`,
      );
      await dropRelation(client, node.relation);
      const kind = node.config.store_failures_as === 'view' ? 'view' : 'table';
      await client.query(`create ${kind} ${table} as\n${limited}`);
    });
  }
  const failCalc = textConfig(node, 'fail_calc') ?? 'count(*)';
  const errorIf = textConfig(node, 'error_if') ?? '!= 0';
  const warnIf = textConfig(node, 'warn_if') ?? '!= 0';
  const { rows } = await client.query<{ failures: string | null; warns: boolean; errs: boolean }>(
    `select ${failCalc} as failures, ${failCalc} ${warnIf} as warns, ${failCalc} ${errorIf} as errs
      from (\n${store ? `select * from ${table}` : limited}\n) as dbt_internal_test`,
  );
  const [found] = rows;
  const failures = Number(found?.failures ?? 0);
  const severity = (textConfig(node, 'severity') ?? 'error').toLowerCase();
  const kept = store
    ? { hint: `The rows are in ${table}.` }
    : { hint: 'Add --store-failures to keep the rows, or see them with `belt show`.' };
  if (severity === 'error' && found?.errs === true) {
    return {
      status: 'fail',
      failures,
      message: `Got ${countOf(failures)}, configured to fail if ${errorIf}`,
      ...kept,
    };
  }
  if (found?.warns === true) {
    return {
      status: 'warn',
      failures,
      message: `Got ${countOf(failures)}, configured to warn if ${warnIf}`,
      ...kept,
    };
  }
  return { status: 'pass', failures, message: 'PASS' };
}

function countOf(failures: number): string {
  return `${failures} ${failures === 1 ? 'result' : 'results'}`;
}
