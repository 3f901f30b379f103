/** Where a fault lies: a file of the project or of the data, and a 1-based line in it. */
export interface FaultLocation {
  readonly file?: string;
  readonly line?: number;
}

/** A fault that a person can act on: printed as one message and a hint, without a stack trace. */
export class BeltError extends Error {
  readonly location: FaultLocation;
  readonly hint: string | undefined;

  constructor(
    message: string,
    options: { location?: FaultLocation; hint?: string | undefined; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'BeltError';
    this.location = options.location ?? {};
    this.hint = options.hint;
  }

  /** The same fault told at another place, or in other words; this one is its cause. */
  at(location: FaultLocation, words: { message?: string; hint?: string } = {}): BeltError {
    const { message = this.message, hint = this.hint } = words;
    return new BeltError(message, { location, hint, cause: this });
  }
}

/** Wrong usage of the command line: exit code 2. */
export class UsageError extends BeltError {
  override readonly name = 'UsageError';
}
