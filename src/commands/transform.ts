import { type Command, Option } from 'commander';
import { writeRunArtifacts } from '../artifacts/write-artifacts.js';
import { UsageError } from '../errors.js';
import { countText } from '../format.js';
import type { TimeWindow } from '../run/materializations/model-context.js';
import { reprocess } from '../run/reprocess.js';
import { type TransformSummary, transform } from '../run/transform.js';
import { type OpenProject, openProject, selectionOf } from './open-project.js';
import { addEventTimeOptions, addSelectionOptions, type RunFlags } from './project-options.js';
import { logRemarks, runListener, runText, succeeded, withoutSql } from './run-lines.js';
import { argsOf } from './run-nodes.js';
import { type CommandScope, migrateFirst, withDatabase } from './scope.js';

export function addTransformCommand(program: Command): void {
  const command = addSelectionOptions(
    program
      .command('transform')
      .description('run the models over what was landed since they last ran'),
  )
    .addOption(
      new Option(
        '-f, --full-refresh',
        'rebuild from raw; readers see the old until the new is complete',
      ).default(false),
    )
    .addOption(new Option('-x, --fail-fast', 'stop at the first failure').default(false))
    .addOption(new Option('--json', 'print the results as JSON').default(false));
  addEventTimeOptions(command, 'rebuild only a window from raw').action(
    async (_options, self: Command) => {
      // a fault in the project is told before the database is opened
      const open = openProject(self.optsWithGlobals<RunFlags>());
      const { options, threads } = open;
      windowOf(options);
      const summary = await withDatabase(
        options,
        'transform',
        async (scope) => {
          await migrateFirst(scope);
          return transformWithProgress(scope, open);
        },
        threads,
      );
      process.stdout.write(
        `${options.json ? JSON.stringify({ ...summary, results: summary.results.map(withoutSql) }) : transformText(summary)}\n`,
      );
      if (!succeeded(summary)) process.exitCode = 1;
    },
  );
}

/** Runs models with a line each, as dbt prints them, and writes the artifacts. */
export async function transformWithProgress(
  { console, database, signal }: CommandScope,
  { project, artifacts, options, threads }: OpenProject<RunFlags>,
): Promise<TransformSummary> {
  const selection = selectionOf(project, options);
  const common = {
    ...selection,
    failFast: options.failFast ?? false,
    fullRefresh: options.fullRefresh ?? false,
    threads,
    signal,
  };
  const listener = runListener(console, project, 'transform', options.debug);
  const window = windowOf(options);
  const summary =
    window === undefined
      ? await transform(database, project, common, listener)
      : await reprocess(database, project, { ...common, window }, listener);
  logRemarks(console, summary.unmatched, summary.policies);
  writeRunArtifacts(artifacts, project, summary, argsOf('transform', options));
  return summary;
}

/** The window that was asked for. Throws a UsageError for half of one, or an empty one. */
export function windowOf(options: RunFlags): TimeWindow | undefined {
  const { eventTimeStart: start, eventTimeEnd: end, fullRefresh } = options;
  if (start === undefined && end === undefined) return undefined;
  if (start === undefined || end === undefined) {
    throw new UsageError('A window needs both --event-time-start and --event-time-end.', {
      hint: 'For example --event-time-start 2026-11-01 --event-time-end 2026-11-08.',
    });
  }
  if (end <= start || fullRefresh) {
    throw new UsageError(
      fullRefresh
        ? 'A window and --full-refresh are asked for both.'
        : '--event-time-end is not after --event-time-start.',
      { hint: 'A window is rebuilt from its start, up to but without its end.' },
    );
  }
  return { start, end };
}

export function transformText(summary: TransformSummary): string {
  const lines = [runText(summary)];
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
