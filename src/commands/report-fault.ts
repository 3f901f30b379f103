import { BeltError, UsageError } from '../errors.js';
import { oneLine } from '../format.js';
import { ProjectFaults } from '../project/faults.js';
import { writeErr } from './output.js';

/** Tells a fault to a person, or to a machine; gives the exit code. */
export function reportFault(
  error: unknown,
  options: { readonly debug: boolean; readonly logFormat: string },
): number {
  const faults = error instanceof ProjectFaults ? [...error.faults, error] : [error];
  for (const fault of faults) {
    writeErr(
      options.logFormat === 'json'
        ? `${JSON.stringify({ time: new Date().toISOString(), event: 'error', ...partsOf(fault) })}\n`
        : `${faultText(fault)}\n`,
    );
  }
  if (options.debug) writeErr(`${stackOf(error)}\n`);
  return error instanceof UsageError ? 2 : 1;
}

/** Tells what does not stop a command, each in a line. */
export function reportWarnings(warnings: readonly BeltError[], logFormat: string): void {
  for (const warning of warnings) {
    writeErr(
      logFormat === 'json'
        ? `${JSON.stringify({ time: new Date().toISOString(), event: 'warning', ...partsOf(warning) })}\n`
        : `${faultText(warning, 'Warning')}\n`,
    );
  }
}

function partsOf(error: unknown) {
  const { message } = error as Error;
  if (!(error instanceof BeltError)) return { message };
  return { message, ...error.location, hint: error.hint };
}

/** `file:line: message`, and what to do on a line of its own. */
export function faultText(error: unknown, label = 'Error'): string {
  if (!(error instanceof BeltError)) {
    const { message = String(error), code } = error as { message?: string; code?: string };
    return `Error: ${indented(message)}${code === undefined ? '' : ` (${code})`}\n  Run it with --debug for where it happened.`;
  }
  return `${label}: ${placed(error)}${error.hint === undefined ? '' : `\n  ${error.hint}`}`;
}

function placed(error: BeltError): string {
  const { file, line } = error.location;
  const message = indented(error.message);
  if (file === undefined) return message;
  return `${oneLine(file)}${line === undefined ? '' : `:${line}`}: ${message}`;
}

/** Lines below the first one stand to the right, so that none of them is taken for a line of belt's. */
function indented(message: string): string {
  return message.replaceAll('\n', '\n  ');
}

function stackOf(error: unknown): string {
  const parts: string[] = [];
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    parts.push(at.stack ?? at.message);
  }
  return parts.join('\ncaused by: ');
}
