import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';

const CLI = resolve('dist/cli.js');

/** A folder of a test's own, for commands that need no database. */
export interface Folder {
  readonly dir: string;
  /** Runs belt to its end. */
  belt(
    ...parameters: string[]
  ): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }>;
  /** Starts belt and leaves it running. */
  spawnBelt(...parameters: string[]): ChildProcess;
}

export function createFolder(): Folder {
  const dir = mkdtempSync(join(tmpdir(), 'belt-folder-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const spawnBelt = (...parameters: string[]) =>
    spawn(process.execPath, [CLI, ...parameters], { cwd: dir });
  return {
    dir,
    spawnBelt,
    belt: async (...parameters) => {
      const child = spawnBelt(...parameters);
      const closed = new Promise<number | null>((done) => child.on('close', done));
      const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
      return { code: await closed, stdout, stderr };
    },
  };
}
