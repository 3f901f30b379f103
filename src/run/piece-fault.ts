/** A fault of some pieces of a model: those that are done stay, and are not done again. */
export class PieceFault extends Error {
  /** What is done and what is not, for people. */
  readonly standing: string;

  /** Takes what went wrong with the first of them. */
  constructor(cause: unknown, standing: string) {
    super(standing, { cause });
    this.standing = standing;
  }
}
