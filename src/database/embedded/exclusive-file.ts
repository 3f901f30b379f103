import { spawnSync } from 'node:child_process';
import { closeSync, constants, openSync } from 'node:fs';
import { BeltError } from '../../errors.js';

/** `O_EXLOCK` of macOS and `UV_FS_O_EXLOCK` of Windows, which Node passes on but does not name. */
const LOCK_ON_MACOS = 0x20;
const LOCK_ON_WINDOWS = 0x10000000;

/** What `flock -n` ends with where another process holds the lock. */
const HELD = 1;

/**
 * Opens a file, made where it is missing, that one process at a time can open in this way. Gives
 * its descriptor, or undefined while another process has it. The system keeps the lock, and drops
 * it once the descriptor is closed or the process has died, however it died. So nothing is judged
 * by what a file says: that may not be written yet, or name a pid that is another process's by now
 * or that counts in another container.
 */
export function openExclusively(path: string): number | undefined {
  try {
    switch (process.platform) {
      case 'darwin':
        return open(path, constants.O_NONBLOCK | LOCK_ON_MACOS);
      case 'win32':
        return open(path, LOCK_ON_WINDOWS);
      default:
        return flocked(path, open(path, 0));
    }
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === 'EAGAIN' || code === 'EBUSY') return undefined;
    if (cause instanceof BeltError) throw cause;
    throw new BeltError(`${path} cannot be locked: ${message}`, {
      hint: 'Choose a folder that this user may write to: DATABASE_URL=embedded:PATH.',
      cause,
    });
  }
}

function open(path: string, lockFlags: number): number {
  return openSync(path, constants.O_RDWR | constants.O_CREAT | lockFlags);
}

/** Node has no flock(2): flock(1) locks the open file that it inherits, which stays locked here. */
function flocked(path: string, descriptor: number): number | undefined {
  const { status, signal, stderr, error } = spawnSync('flock', ['-x', '-n', '3'], {
    stdio: ['ignore', 'ignore', 'pipe', descriptor],
    encoding: 'utf8',
  });
  if (status === 0) return descriptor;
  closeSync(descriptor);
  // BusyBox ends with 1 for whatever is wrong, but then says what
  if (status === HELD && stderr === '') return undefined;
  if (error !== undefined) {
    throw new BeltError(`${path} cannot be locked: flock does not start (${error.message})`, {
      hint: 'Install flock, which util-linux and BusyBox have; or use a server: DATABASE_URL=postgres://…',
      cause: error,
    });
  }
  throw new BeltError(`${path} cannot be locked: ${stderr.trim() || `flock ended by ${signal}`}`, {
    hint: 'Choose a folder of a file system that has locks: DATABASE_URL=embedded:PATH.',
  });
}
