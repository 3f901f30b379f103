import { skipComments } from '../../sql-comments.js';
import type { ModelNode, ProjectNode } from '../nodes.js';

/** Whether a model is no object of the database, but a CTE of those that read it. */
export function isEphemeral(node: ProjectNode): boolean {
  return node.resourceType === 'model' && node.config.materialized === 'ephemeral';
}

/** What the names of CTEs begin with that stand for other nodes. */
export const CTE_PREFIX = '__dbt__cte__';

/** The name of the CTE that stands for an ephemeral model, as dbt names it. */
export function cteName(node: ModelNode): string {
  return `${CTE_PREFIX}${node.name}`;
}

/** Puts CTEs, each after those that it reads, before the SQL of a query. */
export function withCtes(sql: string, ctes: ReadonlyMap<string, string>): string {
  if (ctes.size === 0) return sql;
  const list = [...ctes].map(([name, query]) => `${name} as (\n${query}\n)`).join(', ');
  const start = skipComments(sql);
  const own = /^with(\s+recursive)?\b/i.exec(sql.slice(start));
  const head = sql.slice(0, start);
  if (own === null) return `${head}with ${list}\n${sql.slice(start)}`;
  return `${head}${own[0]} ${list},${sql.slice(start + own[0].length)}`;
}
