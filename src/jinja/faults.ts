import { BeltError } from '../errors.js';

/** How `return()` leaves a macro with a value. */
export class ReturnSignal {
  readonly value: unknown;

  constructor(value: unknown) {
    this.value = value;
  }
}

/** What is asked of the database while a template renders: it is rendered again with the answer. */
export class QueryNeeded {
  readonly sql: string;

  constructor(sql: string) {
    this.sql = sql;
  }
}

const HINT = 'Correct the Jinja there; the README lists what models may use.';

/** An error with the place in a template where it came up, unless it has one already. */
export function located(error: unknown, file: string, line: number): unknown {
  if (error instanceof ReturnSignal || error instanceof QueryNeeded) return error;
  if (error instanceof BeltError) {
    if (error.location.file !== undefined) return error;
    return error.at({ file, line }, { hint: error.hint ?? HINT });
  }
  if (error instanceof RangeError && error.message.includes('call stack')) {
    return new BeltError('Macros call each other without end.', {
      location: { file, line },
      hint: 'Let one of them stop before it calls the other.',
      cause: error,
    });
  }
  const message = error instanceof Error ? error.message : String(error);
  return new BeltError(message, { location: { file, line }, hint: HINT, cause: error });
}

/** A fault of a macro file, with the place that called it. */
export function calledFrom(error: unknown, file: string, line: number): unknown {
  if (!(error instanceof BeltError) || error.location.file === file) return error;
  return error.at(error.location, {
    hint: `${error.hint ?? HINT} Called from ${file}:${line}.`,
  });
}
