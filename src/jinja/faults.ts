import { BeltError } from '../errors.js';

/** What leaves a rendering on purpose, past all templates: no fault, and told no place. */
export abstract class Signal {}

/** How `return()` leaves a macro with a value. */
export class ReturnSignal extends Signal {
  readonly value: unknown;

  constructor(value: unknown) {
    super();
    this.value = value;
  }
}

/** How `{% break %}` and `{% continue %}` leave the body of a loop, with its text so far. */
export class LoopSignal extends Signal {
  readonly kind: 'break' | 'continue';
  text = '';

  constructor(kind: 'break' | 'continue') {
    super();
    this.kind = kind;
  }
}

const HINT = 'Correct the Jinja there; src/project/README.md tells what models may use.';

/** An error with the place in a template where it came up, unless it has one already. */
export function located(error: unknown, file: string, line: number): unknown {
  if (error instanceof Signal) return error;
  if (error instanceof BeltError) {
    if (error.location.file !== undefined) return error;
    return error.at({ file, line }, { hint: error.hint ?? HINT });
  }
  if (isTooDeep(error)) {
    return new BeltError('Macros call each other without end.', {
      location: { file, line },
      hint: 'Let one of them stop before it calls the other.',
      cause: error,
    });
  }
  const message = error instanceof Error ? error.message : String(error);
  return new BeltError(message, { location: { file, line }, hint: HINT, cause: error });
}

/** Does a part of a template's work; what goes wrong is told at its place. */
export function locating<T>(file: string, line: number, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw located(error, file, line);
  }
}

/** A fault of a macro file, with the place that called it. */
export function calledFrom(error: unknown, file: string, line: number): unknown {
  if (!(error instanceof BeltError) || error.location.file === file) return error;
  return error.at(error.location, {
    hint: `${error.hint ?? HINT} Called from ${file}:${line}.`,
  });
}

/** Does what goes as deep as a template is nested. Throws a BeltError where that is too deep. */
export function withinDepth<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!isTooDeep(error)) throw error;
    throw new BeltError('This is nested too deeply, or joins too much in one expression.', {
      location: { file },
      hint: 'Set parts of it as variables first, with {% set %}, or loop over a list.',
      cause: error,
    });
  }
}

function isTooDeep(error: unknown): error is RangeError {
  return error instanceof RangeError && error.message.includes('call stack');
}
