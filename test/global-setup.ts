import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { startServer } from './support/server.js';

declare module 'vitest' {
  interface ProvidedContext {
    /** A migrated embedded database, to be copied. */
    embeddedTemplate: string;
    /** URL of a server on which tests may create databases; undefined where there is none. */
    serverUrl: string | undefined;
  }
}

/** Builds belt, makes the databases that tests copy, and says which engines are tested. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  execFileSync('npm', ['run', '-s', 'build'], { stdio: 'inherit' });
  const folder = mkdtempSync(join(tmpdir(), 'belt-test-'));
  const embeddedTemplate = join(folder, 'template');
  execFileSync(process.execPath, ['dist/cli.js', 'migrate'], {
    env: { ...process.env, DATABASE_URL: `embedded:${embeddedTemplate}` },
  });
  const server = await startServer();
  process.stdout.write(`Engines under test: embedded; ${server.description}\n`);
  project.provide('embeddedTemplate', embeddedTemplate);
  project.provide('serverUrl', server.url);
  return async () => {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  };
}
