import { Frame, type Rendering } from './frame.js';
import { parseTemplate, type Tags } from './parser.js';
import { type TemplateFunction, TemplateObject } from './python/values.js';
import { prepareMacro, prepareStatements } from './render.js';

/** A macro of a file of macros. */
export interface FileMacro {
  readonly name: string;
  readonly path: string;
  readonly line: number;
  readonly text: string;
  /** The macro for one rendering: what stands beside it in its file is set once for each. */
  ready(rendering: Rendering): TemplateFunction;
}

/** Finds a macro by its name, ready to be called in one rendering. */
export type FindMacro = (name: string) => TemplateFunction | undefined;

/** Reads a file of macros. Throws a BeltError with the line of what is wrong. */
export function readMacroFile(path: string, text: string, tags: Tags): FileMacro[] {
  const statements = parseTemplate(path, text, tags);
  const others = statements.filter((one) => one.kind === 'set' || one.kind === 'capture');
  const enter = prepareStatements(others, path);
  const frames = new WeakMap<Rendering, Frame>();
  const frameOf = (rendering: Rendering): Frame => {
    const known = frames.get(rendering);
    if (known !== undefined) return known;
    const frame = new Frame(rendering);
    frames.set(rendering, frame);
    enter(frame);
    return frame;
  };
  return statements.flatMap((statement) => {
    if (statement.kind !== 'macro') return [];
    const make = prepareMacro(statement.macro, path);
    const { name, line } = statement.macro;
    const ready = (rendering: Rendering) => make(frameOf(rendering));
    return [{ name, path, line, text: statement.text, ready }];
  });
}

/** The macros that are called as `name.macro()`. */
export class MacroNamespace extends TemplateObject {
  private readonly name: string;
  private readonly find: FindMacro;

  constructor(name: string, find: FindMacro) {
    super();
    this.name = name;
    this.find = find;
  }

  override member(name: string): unknown {
    return this.find(name);
  }

  override toString(): string {
    return `<macros of ${this.name}>`;
  }
}
