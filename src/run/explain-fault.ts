import { BeltError } from '../errors.js';
import type { ProjectNode } from '../project/nodes.js';
import { PieceFault } from './piece-fault.js';

/** What a person is told of a node that failed. */
export interface Explanation {
  readonly message: string;
  readonly file: string;
  readonly line?: number;
  readonly hint: string;
}

interface DatabaseFault {
  readonly message: string;
  readonly code?: string;
  readonly detail?: string;
  readonly hint?: string;
  readonly position?: string;
}

const CANCELLED = '57014';

/** Codes of a connection that was lost, or ended by the server. */
const CUT = /^(?:08|57P)/;

/** What was run, to be told again with a selection. */
interface Command {
  readonly command: string;
  readonly flags: readonly string[];
}

function commandText({ command, flags }: Command, ...more: readonly string[]): string {
  return ['belt', command, ...more, ...flags].join(' ');
}

/** Puts an error of the database or of belt into words: what, where, and what to do. */
export function explainFault(
  error: unknown,
  node: ProjectNode,
  run: Command,
  behind: readonly string[] = [],
): Explanation {
  if (error instanceof PieceFault) {
    const { message, ...rest } = explainFault(error.cause, node, run, behind);
    return { message: `${message.replace(/\.?$/, '.')} ${error.standing}`, ...rest };
  }
  if (error instanceof BeltError) {
    return {
      message: error.message,
      file: error.location.file ?? node.path,
      ...(error.location.line === undefined ? {} : { line: error.location.line }),
      hint: error.hint ?? compiledHint(node, run),
    };
  }
  const fault = error as DatabaseFault;
  if (fault.code === CANCELLED) {
    return {
      message: 'It was cancelled, and rolled back.',
      file: node.path,
      hint: againHint(run),
    };
  }
  const parts = [fault.message, fault.detail].filter(Boolean);
  const line = lineOf(fault, node);
  return {
    message: `${parts.join(' ')}${fault.code === undefined ? '' : ` (SQLSTATE ${fault.code})`}`,
    file: node.path,
    ...(line === undefined ? {} : { line }),
    hint:
      behindHint(behind) ??
      fault.hint ??
      (CUT.test(fault.code ?? '') ? againHint(run) : compiledHint(node, run)),
  };
}

/** What to do where continuous aggregates still have the query that they were made with. */
function behindHint(behind: readonly string[]): string | undefined {
  if (behind.length === 0) return undefined;
  const select = behind.map((name) => `${name}+`).join(' ');
  return `${behind.join(', ')} below it still has the query that it was made with, see its warning: rebuild it with \`belt transform --full-refresh --select ${select}\`.`;
}

function againHint(run: Command): string {
  return `Run \`${commandText(run)}\` again: what was complete is not done twice.`;
}

function compiledHint(node: ProjectNode, run: Command): string {
  return `Correct ${node.path} and run it again with \`${commandText(run, '--select', `${node.name}+`)}\`.`;
}

/** The line of the model that names what the database does not know. */
function lineOf(fault: DatabaseFault, node: ProjectNode): number | undefined {
  if (!('rawCode' in node) || !node.path.endsWith('.sql')) return undefined;
  const named = /"([^"]+)"|(?:column|function) ([\w.]+)/.exec(fault.message);
  const word = (named?.[1] ?? named?.[2])?.split('.').at(-1);
  if (word === undefined) return undefined;
  const lines = node.rawCode.split('\n');
  const escaped = word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const at = lines.findIndex((text) => new RegExp(`(^|\\W)${escaped}(\\W|$)`).test(text));
  return at < 0 ? undefined : at + 1;
}
