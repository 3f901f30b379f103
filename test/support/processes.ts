import { type ChildProcess, spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';

const CLI = resolve('dist/cli.js');

/**
 * How Node runs belt here: the embedded engine as first compiled, and JavaScript optimized late.
 * Optimizing costs each process two seconds of a core, gained back only by much more data than
 * tests have.
 */
export const ENGINE_FLAGS: readonly string[] = ['--liftoff-only', '--interrupt-budget=4000000'];

/** A process that takes longer is stuck, also on a machine that is ten times too busy. */
const STUCK_MS = 300_000;

/** How a process of belt ended, and what it said. */
export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts belt in a folder, and leaves it running. */
export function startBelt(
  cwd: string,
  parameters: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): ChildProcess {
  return spawn(process.execPath, [...ENGINE_FLAGS, CLI, ...parameters], {
    cwd,
    env: { ...process.env, ...environment },
  });
}

/**
 * Waits for the end of a process, from its start on. One that is stuck is killed, and its words are
 * told.
 */
export function finished(child: ChildProcess): Promise<Finished> {
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr?.on('data', (chunk) => {
    stderr += chunk;
  });
  return new Promise((done, fail) => {
    const stuck = setTimeout(() => {
      child.kill('SIGKILL');
      fail(
        new Error(
          `${child.spawnargs.slice(1).join(' ')} did not end in ${STUCK_MS / 1000} s:\n${stdout}${stderr}`,
        ),
      );
    }, STUCK_MS);
    child.on('close', (code) => {
      clearTimeout(stuck);
      done({ code, stdout, stderr });
    });
  });
}

/** A line of standard error with `--log-format json`. */
export type LogEvent = Readonly<Record<string, unknown>> & { readonly event: string };

/**
 * Waits for an event that a process logs with `--log-format json`. Throws if the process ends
 * without it.
 */
export function eventOf(
  child: ChildProcess,
  isAwaited: (event: LogEvent) => boolean,
): Promise<LogEvent> {
  return new Promise((done, fail) => {
    const lines: string[] = [];
    if (child.stderr === null) throw new Error('The process has no standard error.');
    const reader = createInterface({ input: child.stderr });
    reader.on('line', (line) => {
      lines.push(line);
      const event = parseEvent(line);
      if (event !== undefined && isAwaited(event)) done(event);
    });
    reader.on('close', () =>
      fail(new Error(`It ended before the event that is waited for:\n${lines.join('\n')}`)),
    );
  });
}

function parseEvent(line: string): LogEvent | undefined {
  try {
    return JSON.parse(line) as LogEvent;
  } catch {
    return undefined;
  }
}

/** Asks again and again until the answer is yes. Throws if the process ends before. */
export async function until(
  child: ChildProcess,
  isTrue: () => boolean | Promise<boolean>,
): Promise<void> {
  while (!(await isTrue())) {
    if (child.exitCode !== null || child.signalCode !== null) {
      throw new Error(
        `It ended with ${child.exitCode ?? child.signalCode} before what is waited for.`,
      );
    }
    await new Promise((done) => setTimeout(done, 10));
  }
}
