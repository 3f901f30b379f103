import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { ENGINE_FLAGS } from './support/processes.js';
import { startServer } from './support/server.js';
import { createTemplate, dropDatabase } from './support/server-database.js';

declare module 'vitest' {
  interface ProvidedContext {
    /** A migrated embedded database, to be copied. */
    embeddedTemplate: string;
    /** URL of a server on which tests may create databases; undefined where there is none. */
    serverUrl: string | undefined;
    /** Name of a migrated database of that server, to be copied. */
    serverTemplate: string | undefined;
  }
}

/** Builds belt, makes the databases that tests copy, and says which engines are tested. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  execFileSync('npm', ['run', '-s', 'build'], { stdio: 'inherit' });
  const folder = mkdtempSync(join(tmpdir(), 'belt-test-'));
  const embeddedTemplate = join(folder, 'template');
  execFileSync(process.execPath, [...ENGINE_FLAGS, 'dist/cli.js', 'migrate'], {
    env: { ...process.env, DATABASE_URL: `embedded:${embeddedTemplate}` },
  });
  const { url, description, stop } = await startServer();
  process.stdout.write(`Engines under test: embedded; ${description}\n`);
  const template = url === undefined ? undefined : await createTemplate(url);
  project.provide('embeddedTemplate', embeddedTemplate);
  project.provide('serverUrl', url);
  project.provide('serverTemplate', template);
  return async () => {
    if (url !== undefined && template !== undefined) await dropDatabase(url, template);
    await stop();
    rmSync(folder, { recursive: true, force: true });
  };
}
