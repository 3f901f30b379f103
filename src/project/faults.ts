import { BeltError } from '../errors.js';

/** Everything that is wrong with a project, found before anything runs. */
export class ProjectFaults extends BeltError {
  override readonly name = 'ProjectFaults';
  readonly faults: readonly BeltError[];

  constructor(all: readonly BeltError[]) {
    // what several models come upon, such as a wrong line of a seed, is told once
    const faults = [...new Map(all.map((fault) => [keyOf(fault), fault])).values()];
    super(
      faults.length === 1
        ? 'The project has a fault; nothing was run.'
        : `The project has ${faults.length} faults; nothing was run.`,
    );
    this.faults = faults;
  }
}

function keyOf({ location, message }: BeltError): string {
  return JSON.stringify([location.file, location.line, message]);
}

/** The 1-based line of a text at which `needle` first stands, or undefined. */
export function lineOf(text: string, needle: string | RegExp): number | undefined {
  const at = typeof needle === 'string' ? text.indexOf(needle) : text.search(needle);
  return at < 0 ? undefined : text.slice(0, at).split('\n').length;
}
