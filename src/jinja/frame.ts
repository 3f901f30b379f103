import type { TemplateFunction } from './python/values.js';

/** What one rendering has: the functions of the caller, and the macros of all files. */
export interface Rendering {
  readonly context: Readonly<Record<string, unknown>>;
  /** A macro of a macro file, ready to be called in this rendering. */
  macro(name: string): TemplateFunction | undefined;
  /** All names that can be used anywhere, for "did you mean". */
  names(): Iterable<string>;
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
    const { context } = this.rendering;
    return Object.hasOwn(context, name) ? context[name] : this.rendering.macro(name);
  }

  /** Names that can be used here, for "did you mean". */
  names(): string[] {
    const own = [...this.variables.keys()];
    return this.parent === undefined
      ? [...own, ...Object.keys(this.rendering.context), ...this.rendering.names()]
      : [...own, ...this.parent.names()];
  }
}
