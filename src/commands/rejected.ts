import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { withClient } from '../database/transaction.js';
import { BeltError, UsageError } from '../errors.js';
import { exportRejected } from '../landing/export-rejected.js';
import {
  type RejectedFilter,
  type RejectedResponse,
  readRejected,
  readRejectedContent,
  removeRejected,
} from '../landing/rejected-responses.js';
import { landWithProgress } from './land.js';
import { isUnread, landJson, landText } from './land-text.js';
import { writeOut } from './output.js';
import { rejectedListText, rejectedText } from './rejected-text.js';
import { type CommandScope, type GlobalOptions, withMigratedDatabase } from './scope.js';

interface RejectedFlags extends GlobalOptions {
  readonly json: boolean;
  readonly reason?: string;
  readonly all: boolean;
  readonly to: string;
  readonly force: boolean;
}

export function addRejectedCommand(program: Command): void {
  const rejected = program
    .command('rejected')
    .description('responses that failed their check: what is wrong, and another try');
  rejected
    .command('list')
    .description('what was put aside, and why')
    .option('--reason <code>', 'only for this reason, such as truncated')
    .addOption(new Option('--json', 'print JSON').default(false))
    .action(async (_options, command: Command) => {
      const options = command.optsWithGlobals<RejectedFlags>();
      const files = await withMigratedDatabase(options, 'rejected list', (scope) =>
        read(scope, options),
      );
      writeOut(`${options.json ? JSON.stringify(files) : rejectedListText(files)}\n`);
    });
  rejected
    .command('show')
    .description('one of them, with the bytes where its check failed')
    .argument('<id>', 'its id in belt rejected list', idOf)
    .addOption(new Option('--json', 'print JSON').default(false))
    .action(async (id: string, _options, command: Command) => {
      const options = command.optsWithGlobals<RejectedFlags>();
      await withMigratedDatabase(options, 'rejected show', async (scope) => {
        const [file] = await read(scope, { ids: [id] });
        if (file === undefined) return;
        const content = await withClient(scope.database.pool, (client) =>
          readRejectedContent(client, id),
        );
        const text = options.json
          ? JSON.stringify({ ...file, content: content.toString('base64') })
          : rejectedText(file, content);
        writeOut(`${text}\n`);
      });
    });
  addChoice(rejected.command('export'), 'write the bytes that are kept into files, by their paths')
    .requiredOption('--to <dir>', 'the folder to write them into')
    .action(async (ids: string[], _options, command: Command) => {
      const options = command.optsWithGlobals<RejectedFlags>();
      const filter = chosen(ids, options);
      const count = await withMigratedDatabase(options, 'rejected export', async (scope) => {
        const files = (await read(scope, filter)).filter(({ keptBytes }) => keptBytes > 0);
        await withClient(scope.database.pool, (client) =>
          exportRejected(client, files, options.to),
        );
        for (const file of files.filter(isCut)) tellCut(scope, file);
        return files.length;
      });
      writeOut(`Wrote ${count} ${count === 1 ? 'file' : 'files'} into ${options.to}.\n`);
    });
  addChoice(rejected.command('retry'), 'check them again, and land those that are fine by now')
    .addOption(
      new Option('--force', 'also where other bytes of the path were landed since').default(false),
    )
    .addOption(new Option('--json', 'print the summary as JSON').default(false))
    .action(async (ids: string[], _options, command: Command) => {
      const options = command.optsWithGlobals<RejectedFlags>();
      const filter = chosen(ids, options);
      await withMigratedDatabase(options, 'rejected retry', (scope) =>
        retry(scope, filter, options),
      );
    });
}

function addChoice(command: Command, description: string): Command {
  return command
    .description(description)
    .argument('[id...]', 'their ids in belt rejected list', (id: string, ids: string[] = []) => [
      ...ids,
      idOf(id),
    ])
    .addOption(new Option('--all', 'all that there are').default(false))
    .option('--reason <code>', 'all of this reason');
}

/** Which are meant; a UsageError where none is named. */
function chosen(ids: readonly string[], { all, reason }: RejectedFlags): RejectedFilter {
  if (ids.length > 0 && (all || reason !== undefined)) {
    throw new UsageError('Both ids and --all or --reason are given.', {
      hint: 'Give one of them.',
    });
  }
  if (ids.length > 0) return { ids };
  if (reason !== undefined) return { reason };
  if (all) return {};
  throw new UsageError('No rejected response is named.', {
    hint: 'Give ids of `belt rejected list`, --reason CODE or --all.',
  });
}

function idOf(text: string): string {
  if (/^[1-9]\d{0,17}$/.test(text)) return text;
  throw new InvalidArgumentError('It is no id: see belt rejected list.');
}

function read({ database }: CommandScope, filter: RejectedFilter): Promise<RejectedResponse[]> {
  return withClient(database.pool, (client) => readRejected(client, filter));
}

/** Lands from quarantine what passes its check by now, as one batch, and takes it out. */
async function retry(
  scope: CommandScope,
  filter: RejectedFilter,
  { force, json }: RejectedFlags,
): Promise<void> {
  const { console, database } = scope;
  const files: RejectedResponse[] = [];
  for (const file of await read(scope, filter)) {
    if (isCut(file)) tellCut(scope, file);
    else if (file.isSuperseded && !force) {
      console.log(
        `Left out ${file.id}: other bytes of its path may have been landed since, and it would count as later. --force lands it all the same.`,
        { event: 'left_out', id: file.id, because: 'superseded' },
      );
    } else if (!isUnread(file)) files.push(file);
  }
  if (files.length === 0) {
    throw new BeltError('None of them can be tried again.', {
      hint: 'What could not be read, is not kept whole, or came again since, is landed from its source: belt land.',
    });
  }
  const folder = mkdtempSync(join(tmpdir(), 'belt-rejected-'));
  try {
    await withClient(database.pool, (client) => exportRejected(client, files, folder));
    const summary = await landWithProgress(scope, folder, 1);
    const still = new Set(summary.rejected.map(({ path }) => path));
    const taken = files.filter(({ path }) => !still.has(path)).map(({ id }) => id);
    await withClient(database.pool, (client) => removeRejected(client, taken));
    writeOut(`${json ? JSON.stringify(landJson(summary)) : landText(summary)}\n`);
    if (still.size > 0) process.exitCode = 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Whether not all of its bytes are kept. */
function isCut({ sizeBytes, keptBytes }: RejectedResponse): boolean {
  return keptBytes < sizeBytes;
}

function tellCut({ console }: CommandScope, { id, sizeBytes, keptBytes }: RejectedResponse): void {
  console.log(`Of ${id}, the first ${keptBytes} of ${sizeBytes} bytes are kept.`, {
    event: 'cut',
    id,
    keptBytes,
    sizeBytes,
  });
}
