import { availableParallelism } from 'node:os';
import { type Command, Option } from 'commander';
import { oneLine } from '../format.js';
import { noResponse } from '../landing/directory-source.js';
import { isEmpty, type LandSummary, land } from '../landing/land.js';
import type { RejectedSummary } from '../landing/rejected.js';
import { isArchived } from '../raw/archive/restore-raw.js';
import { RESOURCES } from '../raw/resources.js';
import type { Console } from './console.js';
import { isIncomplete, isUnread, landJson, landText, NAMED } from './land-text.js';
import { writeOut } from './output.js';
import { wholeNumber } from './project-options.js';
import { restoreText } from './raw-text.js';
import { restoreInDatabase } from './restore.js';
import { type CommandScope, type GlobalOptions, migrateFirst, withDatabase } from './scope.js';

interface LandOptions extends GlobalOptions {
  readonly source: string;
  readonly threads?: number;
  readonly strict: boolean;
  readonly json: boolean;
}

/** Sessions that copy on a server, where nothing else is asked for. */
export const LAND_THREADS = Math.min(4, availableParallelism());

export function addLandCommand(program: Command): void {
  program
    .command('land')
    .description('land the responses of a directory as jsonb, untouched')
    .addOption(
      new Option('--source <dir>', 'holds assets/*.json and telemetry/<deviceId>.json').default(
        'data',
      ),
    )
    .addOption(
      new Option('--threads <n>', 'sessions that copy side by side on a server')
        .argParser(wholeNumber)
        .default(undefined, `${LAND_THREADS}: the cores, 4 at the most`),
    )
    .addOption(new Option('--strict', 'exit with 1 if a file was rejected').default(false))
    .addOption(new Option('--json', 'print the summary as JSON').default(false))
    .action(async (_options, command: Command) => {
      const options = command.optsWithGlobals<LandOptions>();
      if (isArchived(options.source)) {
        const restored = await restoreInDatabase(options, (scope) =>
          tellOneSession(scope, options.threads, 'an archive is brought back by one'),
        );
        writeOut(`${options.json ? JSON.stringify(restored) : restoreText(restored)}
`);
        return;
      }
      const threads = options.threads ?? LAND_THREADS;
      const land = async (scope: CommandScope) => {
        await migrateFirst(scope);
        if (scope.database.engine === 'embedded') {
          tellOneSession(scope, options.threads, 'the embedded engine has no other');
        }
        return landWithProgress(scope, options.source, threads);
      };
      const summary = await withDatabase(options, 'land', land, threads);
      writeOut(`${options.json ? JSON.stringify(landJson(summary)) : landText(summary)}\n`);
      if (isIncomplete(summary) || (options.strict && summary.rejected.length > 0)) {
        process.exitCode = 1;
      }
    });
}

/** Tells that there is one session, where more are asked for. */
function tellOneSession({ console }: CommandScope, threads: number | undefined, why: string): void {
  if (threads === undefined || threads === 1) return;
  console.log(`Landing with 1 session instead of ${threads}: ${why}.`, {
    event: 'one_session',
    threads,
  });
}

/** Lands a directory by `threads` sessions, telling of rejected files as they are met. */
export async function landWithProgress(
  { console, database, signal }: CommandScope,
  source: string,
  threads: number,
): Promise<LandSummary> {
  const progress = console.progress('Landing', 'B');
  let named = 0;
  /** What only machines want to know. */
  const event = (name: string, values: object) => {
    if (console.format === 'json') console.log('', { event: name, ...values });
  };
  try {
    const summary = await land(
      database,
      { source, resources: RESOURCES, threads, signal },
      {
        onWait: () =>
          console.log('Waiting for another belt land to finish.', {
            event: 'waiting',
            for: 'land',
          }),
        onStart: (batch) => event('landing_started', { batch, source }),
        onProgress: console.isTerminal ? progress.update : undefined,
        onCopied: ({ batchId, documents, readings, bytes }) =>
          event('landing_progress', { batch: batchId, documents, readings, bytes }),
        onRejected: (file) => {
          named++;
          if (named <= NAMED || console.format === 'json') tellRejected(console, file);
        },
      },
    );
    if (isEmpty(summary)) throw noResponse(source, RESOURCES, summary.passedOver);
    return summary;
  } finally {
    progress.stop();
  }
}

/** Tells a file that was not landed, and why. */
export function tellRejected(console: Console, file: RejectedSummary): void {
  const { path, reason, message, position, line, column } = file;
  const place = line === undefined ? '' : ` (line ${line}, column ${column})`;
  const what = isUnread(file) ? 'Not landed' : 'Rejected';
  console.log(`${what}: ${oneLine(path)}: ${oneLine(message)}${place}`, {
    event: 'rejected',
    path,
    reason,
    message,
    position,
  });
}
