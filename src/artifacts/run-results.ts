import { escapeIdentifier } from 'pg';
import type { ProjectNode } from '../project/nodes.js';
import type { Project } from '../project/project.js';
import { renderRelation } from '../project/relation.js';
import type { NodeResult } from '../run/run-events.js';
import { artifactMetadata } from './metadata.js';

/** What a run did, as target/run_results.json tells it, in the shape of dbt's schema v6. */
export function runResultsOf(
  project: Project,
  run: {
    readonly runId: string;
    readonly results: readonly NodeResult[];
    readonly seconds: number;
  },
  args: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  return {
    metadata: artifactMetadata('run-results/v6', run.runId),
    results: run.results.map((result) => resultEntry(project, result)),
    elapsed_time: run.seconds,
    args,
  };
}

function resultEntry(project: Project, result: NodeResult): Record<string, unknown> {
  const node = project.nodes.get(result.uniqueId);
  const ended = new Date(Date.parse(result.startedAt) + result.seconds * 1000).toISOString();
  return {
    status: result.status,
    timing:
      result.status === 'skipped'
        ? []
        : [{ name: 'execute', started_at: result.startedAt, completed_at: ended }],
    thread_id: `Thread-${result.thread}`,
    execution_time: result.seconds,
    adapter_response:
      result.rows === undefined
        ? { _message: result.message }
        : { _message: result.message, rows_affected: result.rows },
    message: result.message,
    failures: result.failures ?? null,
    unique_id: result.uniqueId,
    compiled: result.compiledCode !== undefined,
    compiled_code: result.compiledCode ?? null,
    relation_name: hasRelation(node)
      ? `${escapeIdentifier(project.target.database)}.${renderRelation(node.relation)}`
      : null,
    batch_results:
      result.batches === undefined
        ? null
        : { successful: result.batches.successful, failed: result.batches.failed },
  };
}

function hasRelation(node: ProjectNode | undefined): node is ProjectNode {
  return node !== undefined && node.resourceType !== 'test' && node.resourceType !== 'unit_test';
}
