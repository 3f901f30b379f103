import type { PoolClient } from 'pg';
import type { Project } from '../project/project.js';
import { compileModel, compileTest, compileText } from '../project/templates/compile.js';
import { isEphemeral } from '../project/templates/ephemeral.js';
import { findRelation } from './catalog/relations.js';
import { compileBase, type NodeRun } from './node-run.js';
import { renderWithQueries } from './render-with-queries.js';

type CompileRun = Pick<NodeRun, 'fullRefresh' | 'startedAt' | 'runId' | 'listener'>;

/** The SQL of models, snapshots and data tests, as it is where nothing is built. */
export async function compileNodes(
  client: PoolClient,
  project: Project,
  run: CompileRun,
  ids: readonly string[],
): Promise<Map<string, string>> {
  const compiled = new Map<string, string>();
  for (const id of ids) {
    const node = project.nodes.get(id);
    if (node === undefined || !('rawCode' in node)) continue;
    const exists =
      node.resourceType !== 'test' &&
      !isEphemeral(node) &&
      !run.fullRefresh &&
      !['view', 'table'].includes(String(node.config.materialized)) &&
      (await findRelation(client, node.relation)) !== undefined;
    const sql = await renderWithQueries(client, (query) => {
      // all rows are new to one who only looks
      const { newRows: _, ...base } = compileBase(run, query);
      return node.resourceType === 'test'
        ? compileTest(project, node, base)
        : compileModel(project, node, { ...base, isIncremental: exists }).sql;
    });
    compiled.set(id, sql);
  }
  return compiled;
}

/** The SQL of a query that stands in no file. */
export function compileInline(
  client: PoolClient,
  project: Project,
  run: CompileRun,
  text: string,
): Promise<string> {
  return renderWithQueries(client, (query) => {
    const { newRows: _, ...base } = compileBase(run, query);
    return compileText(project, text, 'inline query', base);
  });
}
