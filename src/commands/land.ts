import { type Command, Option } from 'commander';
import { bytesText, countText, secondsText, shortNumber } from '../format.js';
import { type LandSummary, land } from '../landing/land.js';
import { RESOURCES } from '../raw/resources.js';
import { type CommandScope, type GlobalOptions, migrateFirst, withDatabase } from './scope.js';

interface LandOptions extends GlobalOptions {
  readonly source: string;
  readonly strict: boolean;
  readonly json: boolean;
}

/** Rejected files that are named one by one. */
const NAMED = 20;

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
      const summary = await withDatabase(options, 'land', async (scope) => {
        await migrateFirst(scope);
        return landWithProgress(scope, options.source);
      });
      process.stdout.write(
        `${options.json ? JSON.stringify(landJson(summary)) : landText(summary)}\n`,
      );
      if (options.strict && summary.rejected.length > 0) process.exitCode = 1;
    });
}

/** Lands a directory, telling of rejected files as they are met. */
export async function landWithProgress(
  { console, database, signal }: CommandScope,
  source: string,
): Promise<LandSummary> {
  const progress = console.progress('Landing', 'B');
  let named = 0;
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
        onProgress: progress.update,
        onRejected: (file) => {
          named++;
          if (named > NAMED && console.format === 'text') return;
          const place =
            file.line === undefined ? '' : ` (line ${file.line}, column ${file.column})`;
          console.log(`Rejected ${file.path}: ${file.message}${place}`, {
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

export function landText(summary: LandSummary): string {
  const { documents, readings, bytes, skipped, rejected, seconds } = summary;
  const rate = seconds > 0 ? `, ${shortNumber(bytes / seconds / 1e6)} MB/s` : '';
  const lines = [
    `Landed ${countText(documents, 'document')} (${countText(readings, 'reading')}, ${bytesText(bytes)}) of ${summary.source} as batch ${summary.batchId} in ${secondsText(seconds)}${rate}.`,
  ];
  if (skipped > 0) {
    lines.push(
      `Skipped ${countText(skipped, 'file')} that had been landed before as ${skipped === 1 ? 'it is' : 'they are'}.`,
    );
  }
  if (rejected.length > 0) {
    lines.push(`Rejected ${countText(rejected.length, 'file')}, kept in raw.rejected_response:`);
    for (const file of rejected.slice(0, NAMED)) lines.push(`  ${file.path}: ${file.message}`);
    if (rejected.length > NAMED) lines.push(`  and ${rejected.length - NAMED} more`);
  }
  return lines.join('\n');
}

function landJson(summary: LandSummary) {
  return {
    ...summary,
    rejected: summary.rejected.map(
      ({ path, reason, message, position, line, column, sizeBytes }) => ({
        path,
        reason,
        message,
        position,
        line,
        column,
        sizeBytes,
      }),
    ),
  };
}
