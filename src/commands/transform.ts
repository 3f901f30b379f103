import { type Command, Option } from 'commander';
import { withClient } from '../database/transaction.js';
import { UsageError } from '../errors.js';
import { countText } from '../format.js';
import type { TimeWindow } from '../run/batches/time-window.js';
import type { RunSummary } from '../run/run-project.js';
import { transform } from '../run/transform.js';
import { type Findings, readFindings } from '../status/findings.js';
import { type OpenProject, openProject, selectionOf } from './open-project.js';
import {
  addEventTimeOptions,
  addMissingRawOption,
  addSelectionOptions,
  type RunFlags,
} from './project-options.js';
import { type Chosen, reportRun, runInScope } from './report-run.js';
import { runText } from './run-lines.js';
import type { CommandScope } from './scope.js';

/** What a transform did, and what its models put aside. */
type TransformSummary = RunSummary & Findings;

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
  addMissingRawOption(command);
  addEventTimeOptions(command, 'rebuild only a window from raw').action(
    async (_options, self: Command) => {
      const open = openProject(self.optsWithGlobals<RunFlags>());
      await runTransform(open, selectionOf(open.project, open.options));
    },
  );
}

/** Runs models and prints what became of them, and writes the artifacts. */
export function runTransform(open: OpenProject<RunFlags>, chosen: Chosen): Promise<void> {
  // a fault in the flags is told before the database is opened
  windowOf(open.options);
  return reportRun(
    open,
    'transform',
    chosen,
    (scope) => transformInScope(scope, open, chosen),
    transformText,
  );
}

/** Runs models in an open database, and writes the artifacts. */
export function transformInScope(
  scope: CommandScope,
  open: OpenProject<RunFlags>,
  chosen: Chosen,
): Promise<TransformSummary> {
  const { selected } = chosen;
  const window = windowOf(open.options);
  return runInScope(scope, open, 'transform', chosen, async (options, listener) => {
    const { database } = scope;
    const given = { ...options, selected, window };
    const summary = await transform(database, open.project, given, listener);
    const findings = await withClient(database.pool, (client) =>
      readFindings(client, open.project.target.schema),
    );
    return { ...summary, ...findings };
  });
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
