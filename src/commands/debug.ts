import type { Command } from 'commander';
import { diagnose } from '../database/diagnosis.js';
import { BELT_VERSION } from '../folders.js';
import { checkText } from './doctor.js';
import { type OpenProject, openProject } from './open-project.js';
import { writeOut } from './output.js';
import { addProjectOptions, type ProjectOptions } from './project-options.js';
import { reportFault } from './report-fault.js';
import { withDatabase } from './scope.js';

export function addDebugCommand(program: Command): void {
  addProjectOptions(
    program
      .command('debug')
      .description('whether the project can be read and its database answers'),
  ).action(async (_options, self: Command) => {
    const options = self.optsWithGlobals<ProjectOptions>();
    const print = (text: string) => writeOut(`${text}\n`);
    print(`belt ${BELT_VERSION}, Node ${process.versions.node}, ${process.platform}`);
    const open = tried(options, () => openProject(options));
    if (open !== undefined) printProject(open, print);
    const findings = await withDatabase(open?.options ?? options, 'debug', ({ database }) =>
      diagnose(database),
    ).catch((error: unknown) => {
      reportFault(error, options);
      return undefined;
    });
    for (const finding of findings ?? []) print(checkText(finding));
    const isWell =
      open !== undefined && findings?.every(({ status }) => status !== 'fault') === true;
    print(isWell ? 'All checks passed.' : 'Some checks failed.');
    if (!isWell) process.exitCode = 1;
  });
}

function printProject(
  { project, threads }: OpenProject<ProjectOptions>,
  print: (text: string) => void,
): void {
  const count = (type: string) =>
    [...project.nodes.values()].filter((node) => node.resourceType === type).length;
  print(`ok      project: ${project.name} in ${project.projectDir}`);
  print(
    `ok      nodes: ${count('model')} models, ${count('seed')} seeds, ${count('snapshot')} snapshots, ${count('source')} sources, ${count('test') + count('unit_test')} tests`,
  );
  print(
    `ok      target: ${project.target.name}, schema ${project.target.schema}, ${threads} threads`,
  );
}

function tried<T>(options: ProjectOptions, work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    reportFault(error, options);
    return undefined;
  }
}
