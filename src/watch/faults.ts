/** What is wrong at the moment, and since when. */
export interface Fault {
  /** What does not work, such as `land`. */
  readonly step: string;
  readonly message: string;
  readonly since: Date;
}

export interface FaultListener {
  onFault(fault: Fault, error: unknown): void;
  onOver(fault: Fault): void;
}

/** What is wrong at the moment; each fault is told once, and when it is over. */
export class Faults {
  readonly #listener: FaultListener;
  readonly #current = new Map<string, Fault>();

  constructor(listener: FaultListener) {
    this.#listener = listener;
  }

  get current(): readonly Fault[] {
    return [...this.#current.values()];
  }

  raise(step: string, error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    const before = this.#current.get(step);
    if (before?.message === message) return;
    const fault = { step, message, since: before?.since ?? new Date() };
    this.#current.set(step, fault);
    this.#listener.onFault(fault, error);
  }

  clear(step: string): void {
    const fault = this.#current.get(step);
    if (fault === undefined) return;
    this.#current.delete(step);
    this.#listener.onOver(fault);
  }
}
