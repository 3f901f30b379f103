import { randomUUID } from 'node:crypto';
import { join, relative } from 'node:path';
import { type Command, Option } from 'commander';
import type { PoolClient } from 'pg';
import { compiledPath } from '../artifacts/manifest.js';
import { writeManifest } from '../artifacts/write-artifacts.js';
import { withClient } from '../database/transaction.js';
import { UsageError } from '../errors.js';
import { nodeOf } from '../project/project.js';
import { compileInline, compileNodes } from '../run/compile-project.js';
import { type OpenProject, openProject, selectionOf } from './open-project.js';
import { writeData } from './output.js';
import { addSelectionOptions, type RunFlags } from './project-options.js';
import { runListener } from './run-lines.js';
import { runQuery } from './run-query.js';
import { type CommandScope, withDatabase } from './scope.js';

interface QueryFlags extends RunFlags {
  readonly inline?: string;
  readonly limit?: string;
  readonly output: 'table' | 'json' | 'csv' | 'text';
}

export function addCompileCommand(program: Command): void {
  addSelectionOptions(
    program.command('compile').description('render the SQL of models and tests, and run nothing'),
  )
    .option('--inline <sql>', 'render this text in place of models')
    .addOption(new Option('-f, --full-refresh', 'as a full refresh would see it').default(false))
    .addOption(new Option('--json', 'print the SQL as JSON').default(false))
    .action(async (_options, self: Command) => {
      const open = openProject(self.optsWithGlobals<QueryFlags>());
      const { project, artifacts, options } = open;
      await withDatabase(options, 'compile', async (scope) => {
        if (options.inline !== undefined) {
          const { inline } = options;
          const sql = await compiling(scope, open, (client, run) =>
            compileInline(client, project, run, inline),
          );
          scope.console.print(options.json ? JSON.stringify({ compiled: sql }) : sql);
          return;
        }
        const { selected } = selectionOf(project, options);
        const runId = randomUUID();
        const compiled = await compiling(scope, open, (client, run) =>
          compileNodes(
            client,
            project,
            run,
            project.order.filter((id) => selected.has(id)),
          ),
        );
        writeManifest(artifacts, project, runId, compiled);
        const built = [...compiled.keys()].filter(
          (id) => project.nodes.get(id)?.resourceType !== 'test',
        );
        const [only] = built;
        if (only !== undefined && built.length === 1 && !options.json) {
          scope.console.print(compiled.get(only) ?? '');
          return;
        }
        for (const [id, sql] of compiled) {
          const node = nodeOf(project, id);
          const file = relative('.', join(artifacts, compiledPath(project, node)));
          if (options.json) scope.console.print(JSON.stringify({ node: id, file, compiled: sql }));
          else scope.console.print(file);
        }
      });
    });
}

export function addShowCommand(program: Command): void {
  addSelectionOptions(
    program.command('show').description('the first rows that a model or a query gives'),
  )
    .option('--inline <sql>', 'a query in place of a model')
    .option('--limit <n>', 'rows at the most; -1 for all', '5')
    .addOption(
      new Option('--output <format>', 'how to print the rows')
        .choices(['table', 'text', 'json', 'csv'])
        .default('table'),
    )
    .action(async (_options, self: Command) => {
      const open = openProject(self.optsWithGlobals<QueryFlags>());
      const { project, options } = open;
      const limit = Number(options.limit);
      if (!Number.isInteger(limit) || limit < -1) {
        throw new UsageError('--limit is not a whole number.', { hint: 'Use -1 for all rows.' });
      }
      await withDatabase(options, 'show', async (scope) => {
        const sql = await compiling(scope, open, async (client, run) => {
          if (options.inline !== undefined) {
            return compileInline(client, project, run, options.inline);
          }
          const id = shownNode(open);
          return (await compileNodes(client, project, run, [id])).get(id) ?? '';
        });
        await runQuery(
          scope.database.pool,
          limit < 0 ? sql : `select * from (\n${sql}\n) as shown limit ${limit}`,
          { format: options.output === 'text' ? 'table' : options.output },
          writeData,
        );
      });
    });
}

function shownNode({ project, options }: OpenProject<QueryFlags>): string {
  const { selected } = selectionOf(project, { ...options, indirectSelection: 'empty' });
  const ids = [...selected].filter((id) => 'rawCode' in nodeOf(project, id));
  const [id] = ids;
  if (id !== undefined && ids.length === 1) return id;
  throw new UsageError(
    `${ids.length === 0 ? 'No model is' : `${ids.length} models are`} selected.`,
    {
      hint: 'Name one: belt show --select battery_alert; or give a query: --inline "select 1".',
    },
  );
}

function compiling<T>(
  scope: CommandScope,
  { project, options }: OpenProject<QueryFlags>,
  work: (client: PoolClient, run: Parameters<typeof compileInline>[2]) => Promise<T>,
): Promise<T> {
  return withClient(scope.database.pool, async (client) => {
    return work(client, {
      fullRefresh: options.fullRefresh ?? false,
      startedAt: new Date(),
      runId: randomUUID(),
      listener: runListener(scope.console, project, 'compile', options.debug),
    });
  });
}
