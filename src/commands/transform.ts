import { type Command, Option } from 'commander';
import { countText, secondsText } from '../console.js';
import type { Project } from '../project/project.js';
import type { NodeResult } from '../run/run-events.js';
import { type TransformSummary, transform } from '../run/transform.js';
import {
  type CommandScope,
  type GlobalOptions,
  migrateFirst,
  projectOf,
  withDatabase,
} from './scope.js';

interface TransformOptions extends GlobalOptions {
  readonly select?: string[];
  readonly exclude?: string[];
  readonly fullRefresh: boolean;
  readonly json: boolean;
}

export function addTransformCommand(program: Command): void {
  program
    .command('transform')
    .description('run the models over what was landed since they last ran')
    .option(
      '-s, --select <selector...>',
      'run only these models: NAME, NAME+, +NAME, staging/, tag:…',
    )
    .option('--exclude <selector...>', 'leave these models out')
    .addOption(
      new Option(
        '-f, --full-refresh',
        'rebuild from raw; readers see the old until the new is complete',
      ).default(false),
    )
    .option('--vars <json>', 'values for var(), as a JSON object')
    .addOption(new Option('--json', 'print the results as JSON').default(false))
    .action(async (_options, command: Command) => {
      const options = command.optsWithGlobals<TransformOptions>();
      // a fault in the project is told before the database is opened
      const project = projectOf(options);
      const summary = await withDatabase(options, 'transform', async (scope) => {
        await migrateFirst(scope);
        return transformWithProgress(scope, project, options);
      });
      process.stdout.write(`${options.json ? JSON.stringify(summary) : transformText(summary)}\n`);
      if (!succeeded(summary)) process.exitCode = 1;
    });
}

export function succeeded(summary: TransformSummary): boolean {
  return !summary.interrupted && summary.results.every(({ status }) => status === 'success');
}

/** Runs models with a line each, as dbt prints them. */
export async function transformWithProgress(
  { console, database, signal }: CommandScope,
  project: Project,
  options: { select?: string[]; exclude?: string[]; fullRefresh: boolean },
): Promise<TransformSummary> {
  const progress = console.progress('Transforming', 'readings');
  const summary = await transform(
    database,
    project,
    {
      select: options.select ?? [],
      exclude: options.exclude ?? [],
      fullRefresh: options.fullRefresh,
      signal,
    },
    {
      onWait: () =>
        console.log('Waiting for another belt transform to finish.', {
          event: 'waiting',
          for: 'transform',
        }),
      onStart: (nodes) =>
        console.log(`Running ${countText(nodes, 'node')} of ${project.name}`, {
          event: 'run_started',
          nodes,
        }),
      onNodeStart: (index, total, name, materialized) => {
        if (console.format === 'json') {
          console.log('', { event: 'node_started', index, total, name, materialized });
        }
      },
      onProgress: progress.update,
      onNodeEnd: (index, total, result) => {
        progress.stop();
        console.log(nodeLine(index, total, result), {
          event: 'node_finished',
          index,
          total,
          ...result,
        });
      },
    },
  );
  for (const selector of summary.unmatched) {
    console.log(`The selector ${selector} matches no node.`, { event: 'unmatched', selector });
  }
  for (const policy of summary.policies) {
    if (policy.fault === undefined) continue;
    console.log(`The policy ${policy.procedure} of ${policy.relation} failed: ${policy.fault}`, {
      event: 'policy_failed',
      ...policy,
    });
  }
  return summary;
}

const LABELS = { success: 'OK', error: 'ERROR', skipped: 'SKIP' };

/** `3 of 12 OK hypertable battery_telemetry ...... [UPSERT 45 in 0.12 s]` */
function nodeLine(index: number, total: number, result: NodeResult): string {
  const label = LABELS[result.status];
  const head = `${index} of ${total} ${label} ${result.materialized} ${result.name} `;
  if (result.status === 'success') {
    const line = `${head.padEnd(64, '.')} [${result.message} in ${secondsText(result.seconds)}]`;
    return result.warning === undefined ? line : `${line}\n  Warning: ${result.warning}`;
  }
  if (result.status === 'skipped') return `${head.padEnd(64, '.')} [${result.message}]`;
  const place = `${result.file}${result.line === undefined ? '' : `:${result.line}`}`;
  return `${head.padEnd(64, '.')} [in ${secondsText(result.seconds)}]\n  ${place}: ${result.message}\n  ${result.hint}`;
}

export function transformText(summary: TransformSummary): string {
  const count = (status: NodeResult['status']) =>
    summary.results.filter((result) => result.status === status).length;
  const lines = [
    `Done in ${secondsText(summary.seconds)}: ${count('success')} OK, ${count('error')} failed, ${count('skipped')} skipped.`,
  ];
  if (summary.interrupted) lines.push('Interrupted: the rest was not begun.');
  if (summary.policies.length > 0) {
    lines.push(
      `Ran ${countText(summary.policies.length, 'due policy', 'due policies')} on the embedded engine.`,
    );
  }
  for (const { vendorSeries, readings } of summary.unmapped) {
    lines.push(
      `Unmapped series ${vendorSeries}: ${countText(readings, 'reading')} wait in raw for a line in the metric catalogue.`,
    );
  }
  if (summary.rejectedReadings > 0) {
    lines.push(
      `${countText(summary.rejectedReadings, 'reading')} in telemetry_reject, with the reason.`,
    );
  }
  return lines.join('\n');
}
