import { closeSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { BeltError } from '../../errors.js';
import { openExclusively } from './exclusive-file.js';

/** Who holds the embedded database, as told to those who find it locked. */
interface LockHolder {
  readonly pid: number;
  readonly host: string;
  readonly command: string;
  /** When it took the lock, as ISO 8601. */
  readonly since: string;
  /** The URL at which the holder serves the database to others, if it does. */
  readonly servedAt?: string;
}

export interface FolderLock {
  /** Tells others, in their error message, that the holder serves the database at `url`. */
  announce(url: string): Promise<void>;
  release(): Promise<void>;
}

const LOCK_FILE = 'belt.lock';
/** Beside the lock, as no other process can read a file that Windows has locked. */
const HOLDER_FILE = 'belt.holder.json';

/**
 * Takes the lock of an embedded database folder, since two processes that open it would silently
 * lose each other's rows. Throws a BeltError that names the holder.
 */
export async function lockFolder(folder: string, command: string): Promise<FolderLock> {
  await makeFolder(folder);
  const descriptor = openExclusively(join(folder, LOCK_FILE));
  const path = join(folder, HOLDER_FILE);
  if (descriptor === undefined) throw inUse(folder, await readHolder(path));
  const holder: LockHolder = {
    pid: process.pid,
    host: hostname(),
    command,
    since: new Date().toISOString(),
  };
  try {
    await writeHolder(path, holder);
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
  let held = true;
  return {
    announce: (url) => writeHolder(path, { ...holder, servedAt: url }),
    release: async () => {
      if (!held) return;
      held = false;
      await rm(path, { force: true });
      closeSync(descriptor);
    },
  };
}

async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
  } catch (cause) {
    throw new BeltError(`The folder ${folder} cannot be made: ${(cause as Error).message}`, {
      hint: 'Choose a folder that this user may write to: DATABASE_URL=embedded:PATH.',
      cause,
    });
  }
}

/** Only the holder of the lock writes it; by a rename, so that others read it whole. */
async function writeHolder(path: string, holder: LockHolder): Promise<void> {
  await writeFile(`${path}.new`, JSON.stringify(holder));
  await rename(`${path}.new`, path);
}

/** Undefined where the holder has not written its name yet, or has just gone. */
async function readHolder(path: string): Promise<LockHolder | undefined> {
  try {
    const holder = JSON.parse(await readFile(path, 'utf8')) as LockHolder;
    return isGone(holder) ? undefined : holder;
  } catch {
    return undefined;
  }
}

/** Whether the name is that of a process which was killed, and not of the one that holds it now. */
function isGone({ host, pid }: LockHolder): boolean {
  if (host !== hostname()) return false;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

function inUse(folder: string, holder: LockHolder | undefined): BeltError {
  return new BeltError(
    `The embedded database in ${folder} is in use by ${
      holder === undefined ? 'another process' : holderText(holder)
    }.`,
    {
      hint:
        holder?.servedAt === undefined
          ? 'Wait until it has finished. To let several programs use the database, run `belt db serve`.'
          : `It is served: set DATABASE_URL=${holder.servedAt} to use it together.`,
    },
  );
}

function holderText({ pid, host, command, since }: LockHolder): string {
  const place = host === hostname() ? '' : ` on ${host}`;
  return `process ${pid}${place} (belt ${command}) since ${since}`;
}
