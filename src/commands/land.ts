import { type Command, Option } from 'commander';
import { type LandSummary, land } from '../landing/land.js';
import { isArchived } from '../raw/archive/restore-raw.js';
import { RESOURCES } from '../raw/resources.js';
import { isIncomplete, isUnread, landJson, landText, NAMED } from './land-text.js';
import { restoreText } from './raw-text.js';
import { restoreInDatabase } from './restore.js';
import { type CommandScope, type GlobalOptions, migrateFirst, withDatabase } from './scope.js';

interface LandOptions extends GlobalOptions {
  readonly source: string;
  readonly strict: boolean;
  readonly json: boolean;
}

export function addLandCommand(program: Command): void {
  program
    .command('land')
    .description('land the responses of a directory as jsonb, untouched')
    .addOption(
      new Option('--source <dir>', 'holds assets/*.json and telemetry/<deviceId>.json').default(
        'data',
      ),
    )
    .addOption(new Option('--strict', 'exit with 1 if a file was rejected').default(false))
    .addOption(new Option('--json', 'print the summary as JSON').default(false))
    .action(async (_options, command: Command) => {
      const options = command.optsWithGlobals<LandOptions>();
      if (isArchived(options.source)) {
        const restored = await restoreInDatabase(options);
        process.stdout.write(
          `${options.json ? JSON.stringify(restored) : restoreText(restored)}\n`,
        );
        return;
      }
      const summary = await withDatabase(options, 'land', async (scope) => {
        await migrateFirst(scope);
        return landWithProgress(scope, options.source);
      });
      process.stdout.write(
        `${options.json ? JSON.stringify(landJson(summary)) : landText(summary)}\n`,
      );
      if (isIncomplete(summary) || (options.strict && summary.rejected.length > 0)) {
        process.exitCode = 1;
      }
    });
}

/** Lands a directory, telling of rejected files as they are met. */
export async function landWithProgress(
  { console, database, signal }: CommandScope,
  source: string,
): Promise<LandSummary> {
  const progress = console.progress('Landing', 'B');
  let named = 0;
  /** What only machines want to know. */
  const event = (name: string, values: object) => {
    if (console.format === 'json') console.log('', { event: name, ...values });
  };
  try {
    return await land(
      database,
      { source, resources: RESOURCES, signal },
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
          if (named > NAMED && console.format === 'text') return;
          const place =
            file.line === undefined ? '' : ` (line ${file.line}, column ${file.column})`;
          const what = isUnread(file) ? 'Not landed' : 'Rejected';
          console.log(`${what}: ${file.path}: ${file.message}${place}`, {
            event: 'rejected',
            path: file.path,
            reason: file.reason,
            message: file.message,
            position: file.position,
          });
        },
      },
    );
  } finally {
    progress.stop();
  }
}
