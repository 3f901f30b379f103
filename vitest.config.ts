import { existsSync, statfsSync } from 'node:fs';
import { defineConfig } from 'vitest/config';

/** A folder in memory: tests write a database of 30 MB each, and delete it. */
const MEMORY_FOLDER = '/dev/shm';
const MIN_FREE_BYTES = 4 * 2 ** 30;

// test files and the processes of belt inherit it
if (process.env.TMPDIR === undefined && freeBytes(MEMORY_FOLDER) >= MIN_FREE_BYTES) {
  process.env.TMPDIR = MEMORY_FOLDER;
}

function freeBytes(folder: string): number {
  if (!existsSync(folder)) return 0;
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/global-setup.ts'],
    testTimeout: 120_000,
    hookTimeout: 300_000,
    // of two cores, since a test waits a third of its time for processes of its own
    maxWorkers: 3,
    reporters: ['default'],
  },
});
