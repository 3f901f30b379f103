import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll } from 'vitest';
import { ProjectFaults } from '../../src/project/faults.js';
import { type LoadOptions, loadProject } from '../../src/project/load-project.js';
import type { ModelNode } from '../../src/project/nodes.js';
import type { Project } from '../../src/project/project.js';
import {
  type CompileContext,
  type CompiledModel,
  compileModel,
} from '../../src/project/templates/compile.js';

const folders: string[] = [];

afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** Files of a project by their path; they are removed after the tests of the file. */
export type Files = Readonly<Record<string, string>>;

export function load(files: Files, options: Partial<LoadOptions> = {}): Project {
  const projectDir = mkdtempSync(join(tmpdir(), 'belt-project-'));
  folders.push(projectDir);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(projectDir, path)), { recursive: true });
    writeFileSync(join(projectDir, path), text);
  }
  return loadProject({
    projectDir,
    target: {
      name: 'dev',
      type: 'postgres',
      schema: 'main',
      database: 'db',
      threads: 4,
      host: 'localhost',
      port: 5432,
      user: 'me',
    },
    env: {},
    ...options,
  });
}

/** What is wrong with a project, each as `file:line: message`. */
export function faultsOf(files: Files, options: Partial<LoadOptions> = {}): string[] {
  try {
    load(files, options);
    return [];
  } catch (error) {
    if (!(error instanceof ProjectFaults)) throw error;
    return error.faults.map(
      ({ message, location }) => `${location.file}:${location.line}: ${message}`,
    );
  }
}

/** What is told of a project that can be run, each as `file:line: message`. */
export function warningsOf(files: Files, options: Partial<LoadOptions> = {}): string[] {
  return load(files, options).warnings.map(
    ({ message, location }) => `${location.file}:${location.line}: ${message}`,
  );
}

export function model(project: Project, name: string): ModelNode {
  const node = project.nodes.get(`model.${project.name}.${name}`);
  if (node?.resourceType !== 'model') throw new Error(`no model ${name}`);
  return node;
}

export function compile(
  project: Project,
  name: string,
  context: Partial<CompileContext> = {},
): CompiledModel {
  return compileModel(project, model(project, name), {
    isIncremental: false,
    fullRefresh: false,
    runStartedAt: new Date('2026-03-04T05:06:07Z'),
    invocationId: 'run-1',
    ...context,
  });
}

/** The text of one model, compiled. */
export function rendered(
  text: string,
  files: Files = {},
  options: Partial<LoadOptions> = {},
): string {
  return compile(load({ 'models/m.sql': text, ...files }, options), 'm').sql;
}

/** A unit test of the model m, which reads the seed s. */
export function unitTest(body: string, files: Files = {}): Files {
  return {
    'seeds/s.csv': 'id\n1\n',
    'models/r.sql': 'select 1 as id',
    'models/m.sql': "select * from {{ ref('r') }} join {{ ref('s') }} using (id)",
    'models/m.yml': `unit_tests:\n  - name: t\n    model: m\n${body.replace(/^/gm, '    ')}\n`,
    ...files,
  };
}
