import { type Command, Option } from 'commander';
import { type CheckResult, diagnose } from '../database/diagnosis.js';
import { writeOut } from './output.js';
import { type GlobalOptions, withDatabase } from './scope.js';

const MARKS = { ok: 'ok     ', warning: 'WARNING', fault: 'FAULT  ' };

export function addDoctorCommand(program: Command): void {
  program
    .command('doctor')
    .description('what engine answers, what is wrong with it, and what to do')
    .addOption(new Option('--json', 'print JSON').default(false))
    .action(async (_options, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions & { json: boolean }>();
      const results = await withDatabase(options, 'doctor', ({ database }) => diagnose(database));
      writeOut(`${options.json ? JSON.stringify(results) : results.map(checkText).join('\n')}\n`);
      if (results.some(({ status }) => status === 'fault')) process.exitCode = 1;
    });
}

export function checkText({ check, status, message, hint }: CheckResult): string {
  const line = `${MARKS[status]} ${check}: ${message}`;
  return hint === undefined ? line : `${line}\n        ${hint}`;
}
