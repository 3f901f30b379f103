import { BeltError } from '../errors.js';
import { countText } from '../format.js';
import type { Report } from './reading/shapes.js';
import type { Path } from './reading/yaml-file.js';

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

interface UnknownConfig {
  readonly key: string;
  readonly near: string | undefined;
  readonly location: { readonly file: string; readonly line: number };
}

/** Gathers what is wrong with a project, so that all of it is told at once. */
export class Diagnostics {
  readonly #faults: BeltError[] = [];
  readonly #warnings: BeltError[] = [];
  readonly #unknownConfigs: UnknownConfig[] = [];

  readonly fault = (fault: BeltError): void => {
    this.#faults.push(fault);
  };

  readonly warn = (warning: BeltError): void => {
    this.#warnings.push(warning);
  };

  /** What `work` gives; undefined where it throws a fault, which is kept. */
  attempt<T>(work: () => T): T | undefined {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof BeltError)) throw error;
      this.fault(error);
      return undefined;
    }
  }

  /** What `work` gives for each item, without those that have a fault. */
  gather<T, R>(items: readonly T[], work: (item: T) => R | undefined): R[] {
    return items.flatMap((item) => {
      const result = this.attempt(() => work(item));
      return result === undefined ? [] : [result];
    });
  }

  /** Takes what is told of the values of a file; `lineOf` finds their lines. */
  of(file: string, lineOf: (path: Path) => number): Report {
    const at = (path: Path) => ({ file, line: lineOf(path) });
    return {
      fault: (path, message, hint) =>
        this.fault(new BeltError(message, { location: at(path), hint })),
      warning: (path, message, hint) =>
        this.warn(new BeltError(message, { location: at(path), hint })),
      unknownConfig: (path, near) =>
        this.#unknownConfigs.push({
          key: String(path.at(-1)).replace(/^\+/, ''),
          near,
          location: at(path),
        }),
    };
  }

  /** All faults so far. */
  failure(): ProjectFaults {
    return new ProjectFaults(inOrder(this.#faults));
  }

  /**
   * What is to be told of a project that can be run, each once. Throws ProjectFaults with all that
   * is wrong. `askedConfigs` are configs that templates read: those are known to them.
   */
  finish(askedConfigs: ReadonlySet<string> = new Set()): BeltError[] {
    for (const { key, near, location } of this.#unknownConfigs) {
      if (askedConfigs.has(key)) continue;
      const message = `belt knows no config ${key}`;
      if (near !== undefined) {
        this.fault(
          new BeltError(`${message} (did you mean ${near}?).`, {
            location,
            hint: 'Correct it; what is your own belongs under meta.',
          }),
        );
      } else {
        this.warn(
          new BeltError(`${message}, and does nothing with it.`, {
            location,
            hint: 'It may be of another adapter of dbt; what is your own belongs under meta.',
          }),
        );
      }
    }
    if (this.#faults.length > 0) throw this.failure();
    return onceEach(inOrder(this.#warnings));
  }
}

/** Of warnings in the same words the first, with how many others there are. */
function onceEach(warnings: readonly BeltError[]): BeltError[] {
  const first = new Map<string, BeltError>();
  const count = new Map<string, number>();
  for (const warning of warnings) {
    if (!first.has(warning.message)) first.set(warning.message, warning);
    count.set(warning.message, (count.get(warning.message) ?? 0) + 1);
  }
  return [...first].map(([message, warning]) => {
    const others = (count.get(message) ?? 1) - 1;
    if (others === 0) return warning;
    const places = countText(others, 'other place');
    return warning.at(warning.location, { message: `${message} The same in ${places}.` });
  });
}

function inOrder(faults: readonly BeltError[]): BeltError[] {
  const key = ({ location }: BeltError) =>
    `${location.file ?? ''}\n${String(location.line ?? 0).padStart(9, '0')}`;
  return [...faults].sort((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0));
}

/** The 1-based line of a text at which `needle` first stands, or undefined. */
export function lineOf(text: string, needle: string | RegExp): number | undefined {
  const at = typeof needle === 'string' ? text.indexOf(needle) : text.search(needle);
  return at < 0 ? undefined : text.slice(0, at).split('\n').length;
}
