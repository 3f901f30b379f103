import type { MacroDefinition, Statement } from './ast.js';
import { Frame, type Rendering } from './frame.js';
import { parseTemplate } from './parser.js';
import type { TemplateFunction } from './python/values.js';
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

/** Reads a file of macros. Throws a BeltError with the line of what is wrong. */
export function readMacroFile(path: string, text: string): FileMacro[] {
  const statements = parseTemplate(path, text);
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
  return definitionsOf(statements).map((definition) => {
    const make = prepareMacro(definition, path);
    return {
      name: definition.name,
      path,
      line: definition.line,
      text: textOf(definition, text),
      ready: (rendering) => make(frameOf(rendering)),
    };
  });
}

function definitionsOf(statements: readonly Statement[]): MacroDefinition[] {
  return statements.flatMap((statement) => (statement.kind === 'macro' ? [statement.macro] : []));
}

/** The text of one macro of a file, from its tag to its end. */
function textOf({ line, name }: MacroDefinition, text: string): string {
  const rest = text
    .split('\n')
    .slice(line - 1)
    .join('\n');
  const end = name.startsWith('test_') ? /\bend(?:data_)?(?:test|macro)\b/ : /\bendmacro\b/;
  return rest.slice(0, (end.exec(rest)?.index ?? rest.length) + 1);
}
