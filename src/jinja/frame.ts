/** What one rendering has besides its variables: what the caller gives, and macros of all files. */
export interface Rendering {
  /** The value of a name; undefined if nothing has this name. */
  lookup(name: string): unknown;
  /** All names that can be used anywhere, for "did you mean". */
  names(): string[];
}

/** The variables of one scope: of a template, a loop or a macro. */
export class Frame {
  readonly rendering: Rendering;
  private readonly parent: Frame | undefined;
  private readonly variables = new Map<string, unknown>();

  constructor(rendering: Rendering, parent?: Frame) {
    this.rendering = rendering;
    this.parent = parent;
  }

  /** A scope within this one, whose variables end with it. */
  push(): Frame {
    return new Frame(this.rendering, this);
  }

  set(name: string, value: unknown): void {
    this.variables.set(name, value);
  }

  /** The value of a name; undefined if nothing has this name. */
  lookup(name: string): unknown {
    for (let frame: Frame | undefined = this; frame !== undefined; frame = frame.parent) {
      const value = frame.variables.get(name);
      if (value !== undefined) return value;
    }
    return this.rendering.lookup(name);
  }

  /** Names that can be used here, for "did you mean". */
  names(): string[] {
    const own = [...this.variables.keys()];
    return [...own, ...(this.parent ?? this.rendering).names()];
  }
}
