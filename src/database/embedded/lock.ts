import { readFileSync } from 'node:fs';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { BeltError } from '../../errors.js';

/** Who holds the embedded database, as written into its lock file. */
interface LockHolder {
  readonly pid: number;
  readonly host: string;
  /** What tells this process from a later one of the same pid; '' where the system does not say. */
  readonly started: string;
  readonly command: string;
  /** The URL at which the holder serves the database to others, if it does. */
  readonly servedAt?: string;
}

export interface FolderLock {
  /** Tells others, in their error message, that the holder serves the database at `url`. */
  announce(url: string): Promise<void>;
  release(): Promise<void>;
}

const LOCK_FILE = 'belt.lock';
const ATTEMPTS = 5;

/**
 * Takes the lock of an embedded database folder, since two processes that open it would silently
 * lose each other's rows. The lock of a process that is dead is taken over. Throws a BeltError that
 * names the holder.
 */
export async function lockFolder(folder: string, command: string): Promise<FolderLock> {
  await mkdir(folder, { recursive: true });
  const path = join(folder, LOCK_FILE);
  const holder: LockHolder = {
    pid: process.pid,
    host: hostname(),
    started: processStart(process.pid),
    command,
  };
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (await create(path, JSON.stringify(holder))) return heldLock(path, holder);
    const text = await readFile(path, 'utf8').catch(() => '');
    const other = parseHolder(text);
    if (other !== undefined && isAlive(other)) throw inUse(folder, other);
    await removeStale(path, text);
  }
  throw new BeltError(`The lock of ${folder} could not be taken.`, {
    hint: `Another belt may be starting: try again, or delete ${path} if no belt runs.`,
  });
}

function heldLock(path: string, holder: LockHolder): FolderLock {
  return {
    announce: async (url) => {
      const temporary = `${path}.${process.pid}`;
      await rm(temporary, { force: true });
      await create(temporary, JSON.stringify({ ...holder, servedAt: url }));
      await rename(temporary, path);
    },
    release: () => rm(path, { force: true }),
  };
}

async function create(path: string, content: string): Promise<boolean> {
  try {
    const file = await open(path, 'wx');
    await file.writeFile(content);
    await file.close();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw new BeltError(`${path} cannot be written: ${(error as Error).message}`, {
      hint: 'Choose a folder that this user may write to: DATABASE_URL=embedded:PATH.',
    });
  }
}

/** Moves the stale lock away, and puts it back if another process took it in the meantime. */
async function removeStale(path: string, staleText: string): Promise<void> {
  const aside = `${path}.stale.${process.pid}`;
  try {
    await rename(path, aside);
  } catch {
    return;
  }
  const moved = await readFile(aside, 'utf8');
  if (moved === staleText) {
    await rm(aside, { force: true });
  } else {
    await rename(aside, path);
  }
}

function parseHolder(text: string): LockHolder | undefined {
  try {
    const holder = JSON.parse(text) as LockHolder;
    return typeof holder.pid === 'number' ? holder : undefined;
  } catch {
    return undefined;
  }
}

function isAlive(holder: LockHolder): boolean {
  // of a process on another host nothing can be known: a shared folder stays locked
  if (holder.host !== hostname()) return true;
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  return holder.started === '' || processStart(holder.pid) === holder.started;
}

/** The kernel's start time of a process, where /proc tells it. */
function processStart(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}

function inUse(folder: string, holder: LockHolder): BeltError {
  const who = `process ${holder.pid}${holder.host === hostname() ? '' : ` on ${holder.host}`}`;
  return new BeltError(
    `The embedded database in ${folder} is in use by ${who} (belt ${holder.command}).`,
    {
      hint:
        holder.servedAt === undefined
          ? 'Wait until it has finished. To let several programs use the database, run `belt db serve`.'
          : `It is served: set DATABASE_URL=${holder.servedAt} to use it together.`,
    },
  );
}
