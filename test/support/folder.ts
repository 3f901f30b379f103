import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type Finished, finished, startBelt } from './processes.js';

/** A folder of a test's own, for commands that need no database. */
export interface Folder {
  readonly dir: string;
  /** Runs belt to its end. */
  belt(...parameters: string[]): Promise<Finished>;
  /** Starts belt and leaves it running. */
  spawnBelt(...parameters: string[]): ChildProcess;
}

export function createFolder(): Folder {
  const dir = mkdtempSync(join(tmpdir(), 'belt-folder-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const spawnBelt = (...parameters: string[]) => startBelt(dir, parameters);
  return { dir, spawnBelt, belt: (...parameters) => finished(spawnBelt(...parameters)) };
}
