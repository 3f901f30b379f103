import { defineConfig } from 'vitest/config';

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
