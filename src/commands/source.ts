import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { type Command, Option } from 'commander';
import { artifactMetadata } from '../artifacts/metadata.js';
import { writeJson } from '../artifacts/write-artifacts.js';
import { withClient } from '../database/transaction.js';
import { secondsText } from '../format.js';
import type { SourceNode } from '../project/nodes.js';
import { checkFreshness, type Freshness, hasFreshness } from '../run/tests/source-freshness.js';
import { openProject, selectionOf } from './open-project.js';
import { writeOut } from './output.js';
import { addSelectionOptions, type RunFlags } from './project-options.js';
import { withDatabase } from './scope.js';

const LABELS = { pass: 'PASS', warn: 'WARN', error: 'ERROR STALE', 'runtime error': 'ERROR' };

export function addSourceCommand(program: Command): void {
  const source = program.command('source').description('the tables that the project reads');
  addSelectionOptions(
    source.command('freshness').description('how long ago each source was last loaded'),
  )
    .option('-o, --output <file>', 'where to write sources.json')
    .addOption(new Option('--json', 'print the results as JSON').default(false))
    .action(async (_options, self: Command) => {
      const open = openProject(self.optsWithGlobals<RunFlags & { output?: string }>());
      const { project, artifacts, options } = open;
      const { selected } = selectionOf(project, options);
      const sources = [...project.nodes.values()].filter(
        (node): node is SourceNode =>
          node.resourceType === 'source' && selected.has(node.uniqueId) && hasFreshness(node),
      );
      const start = performance.now();
      const results = await withDatabase(options, 'source freshness', ({ console, database }) =>
        withClient(database.pool, async (client) => {
          const found: Freshness[] = [];
          for (const [index, node] of sources.entries()) {
            const result = await checkFreshness(client, node);
            found.push(result);
            const head = `${index + 1} of ${sources.length} ${LABELS[result.status]} ${result.name} `;
            console.log(
              `${head.padEnd(64, '.')} [${result.message} in ${secondsText(result.seconds)}]`,
              { event: 'freshness', ...result },
            );
          }
          return found;
        }),
      );
      const artifact = {
        metadata: artifactMetadata('sources/v3', randomUUID()),
        results: results.map((result) =>
          entryOf(result, project.nodes.get(result.uniqueId) as SourceNode),
        ),
        elapsed_time: (performance.now() - start) / 1000,
      };
      writeJson(options.output ?? join(artifacts, 'sources.json'), artifact);
      if (options.json) writeOut(`${JSON.stringify(results)}\n`);
      else if (sources.length === 0) {
        writeOut('No source has a loaded_at_field and freshness: give it both in YAML.\n');
      }
      if (results.some(({ status }) => status !== 'pass' && status !== 'warn')) {
        process.exitCode = 1;
      }
    });
}

function entryOf(result: Freshness, node: SourceNode): Record<string, unknown> {
  if (result.status === 'runtime error') {
    return { unique_id: result.uniqueId, error: result.message, status: result.status };
  }
  return {
    unique_id: result.uniqueId,
    max_loaded_at: result.maxLoadedAt ?? null,
    snapshotted_at: result.snapshottedAt,
    max_loaded_at_time_ago_in_s: result.age ?? null,
    status: result.status,
    criteria: {
      warn_after: node.freshness?.warn_after ?? { count: null, period: null },
      error_after: node.freshness?.error_after ?? { count: null, period: null },
      filter: node.freshness?.filter ?? null,
    },
    adapter_response: {},
    timing: [],
    thread_id: 'Thread-1',
    execution_time: result.seconds,
  };
}
