import { type Command, InvalidArgumentError, Option } from 'commander';
import { INDIRECT_SELECTIONS } from '../project/selecting/selection.js';
import type { GlobalOptions } from './scope.js';

/** Options of all commands that read a project. */
export interface ProjectOptions extends GlobalOptions {
  readonly vars?: string;
  readonly target?: string;
  readonly profilesDir?: string;
  readonly threads?: number;
}

/** Options of all commands that choose nodes of a project. */
export interface SelectionFlags extends ProjectOptions {
  readonly select?: string[];
  readonly exclude?: string[];
  readonly selector?: string;
  readonly indirectSelection?: (typeof INDIRECT_SELECTIONS)[number];
  readonly state?: string;
}

/** Options of all commands that run nodes. */
export interface RunFlags extends SelectionFlags {
  readonly fullRefresh?: boolean;
  readonly allowMissingRaw?: boolean;
  readonly failFast?: boolean;
  readonly storeFailures?: boolean;
  readonly eventTimeStart?: Date;
  readonly eventTimeEnd?: Date;
  readonly json: boolean;
}

export function addProjectOptions(command: Command): Command {
  return command
    .option('--vars <yaml>', 'values for var(), as YAML or JSON: {alert_percent: 15}')
    .option('-t, --target <name>', 'a target of profiles.yml')
    .option('--profiles-dir <dir>', 'the folder of profiles.yml')
    .option(
      '--threads <n>',
      'sessions on a server: for models side by side, and for one that is shared out',
      wholeNumber,
    );
}

export function addSelectionOptions(command: Command): Command {
  return addProjectOptions(command)
    .option('-s, --select <selector...>', 'only these: NAME, +NAME+, staging/, tag:…, state:…')
    .option('--exclude <selector...>', 'all but these')
    .option('--selector <name>', 'a selector of selectors.yml')
    .addOption(
      new Option(
        '--indirect-selection <mode>',
        'which tests come with what they test (default: eager)',
      ).choices([...INDIRECT_SELECTIONS]),
    )
    .option('--state <dir>', 'the artifacts of an earlier run, for state: and result:');
}

/** Of commands that rebuild models. */
export function addMissingRawOption(command: Command): Command {
  return command.option(
    '--allow-missing-raw',
    "rebuild though raw is gone, and keep what raw can't tell",
  );
}

export function addEventTimeOptions(command: Command, what: string): Command {
  return command
    .option('--event-time-start <time>', `${what}: from this time (UTC)`, timeOf)
    .option('--event-time-end <time>', `${what}: up to, without this time (UTC)`, timeOf);
}

/** The flags of a run that a hint repeats, so that its command does the same when pasted. */
export function repeatedFlags(flags: RunFlags): string[] {
  const given: [string, string | undefined][] = [
    ['--project-dir', flags.projectDir],
    ['--profiles-dir', flags.profilesDir],
    ['--target', flags.target],
    ['--vars', flags.vars],
    ['--event-time-start', flags.eventTimeStart?.toISOString()],
    ['--event-time-end', flags.eventTimeEnd?.toISOString()],
  ];
  return [
    ...given.flatMap(([name, value]) => (value === undefined ? [] : [name, shellWord(value)])),
    ...(flags.allowMissingRaw === true ? ['--allow-missing-raw'] : []),
  ];
}

function shellWord(text: string): string {
  return /^[\w./:=@%+,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** Reads a whole number from 1 on. */
export function wholeNumber(text: string): number {
  if (/^[1-9]\d{0,3}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It is a whole number from 1.');
}

/** A time of ISO 8601; without an offset it is UTC. */
function timeOf(text: string): Date {
  const hasZone = /(?:z|[+-]\d{2}:?\d{2})$/i.test(text);
  const isDate = /^\d{4}-\d{2}-\d{2}$/.test(text);
  const time = new Date(hasZone || isDate ? text : `${text.replace(' ', 'T')}Z`);
  if (/^\d{4}-\d{2}-\d{2}/.test(text) && !Number.isNaN(time.getTime())) return time;
  throw new InvalidArgumentError('Write it as 2026-11-24 or 2026-11-24T06:00:00.');
}
