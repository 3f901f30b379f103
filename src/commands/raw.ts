import { type Command, Option } from 'commander';
import { withClient } from '../database/transaction.js';
import { type ArchiveSummary, archiveRaw } from '../raw/archive/archive-raw.js';
import { readRawStatus } from '../raw/raw-status.js';
import { RESOURCES } from '../raw/resources.js';
import { withTransformSession } from '../run/session.js';
import { parseDuration } from './durations.js';
import { writeOut } from './output.js';
import { rawStatusText } from './raw-status-text.js';
import { archiveText } from './raw-text.js';
import { type GlobalOptions, withMigratedDatabase } from './scope.js';

interface ArchiveFlags extends GlobalOptions {
  /** Milliseconds. */
  readonly olderThan: number;
  readonly to: string;
  readonly keep: boolean;
  readonly json: boolean;
}

export function addRawCommand(program: Command): void {
  const raw = program.command('raw').description('what becomes of raw: its archive, its room');
  raw
    .command('status')
    .description('what raw there is, how much room it takes, what is archived, and what goes next')
    .addOption(new Option('--json', 'print JSON').default(false))
    .action(async (_options, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions & { json: boolean }>();
      const status = await withMigratedDatabase(options, 'raw status', ({ database }) =>
        withClient(database.pool, (client) => readRawStatus(client, RESOURCES)),
      );
      writeOut(`${options.json ? JSON.stringify(status) : rawStatusText(status)}\n`);
    });
  raw
    .command('archive')
    .description('write old raw into compressed files, and drop it from the database')
    .requiredOption('--older-than <age>', 'days since it was landed: 30d', ageOf)
    .requiredOption('--to <dir>', 'the archive: a folder of its own')
    .addOption(new Option('--keep', 'keep it in the database too').default(false))
    .addOption(new Option('--json', 'print the summary as JSON').default(false))
    .action(async (_options, command: Command) => {
      const options = command.optsWithGlobals<ArchiveFlags>();
      const summary = await archiveInDatabase(options);
      writeOut(`${options.json ? JSON.stringify(summary) : archiveText(summary)}\n`);
    });
}

function archiveInDatabase(options: ArchiveFlags): Promise<ArchiveSummary> {
  return withMigratedDatabase(options, 'raw archive', async ({ console, database, signal }) => {
    const onWait = () =>
      console.log('Waiting for a belt transform to finish.', {
        event: 'waiting',
        for: 'transform',
      });
    const progress = console.progress('Archiving', '');
    try {
      // no transform may read what is dropped meanwhile
      return await withTransformSession(database, onWait, (client) =>
        archiveRaw(client, {
          folder: options.to,
          resources: RESOURCES,
          before: new Date(Date.now() - options.olderThan),
          keep: options.keep,
          signal,
          checkpoints: database.embedded !== undefined,
          onProgress: progress.update,
        }),
      );
    } finally {
      progress.stop();
    }
  });
}

function ageOf(text: string): number {
  return parseDuration(text, ['d', 'w'], 'Write it in days or weeks: 30d, 12w.', { digits: 5 });
}
