import { BeltError } from '../errors.js';
import { withDispatch } from '../project/templates/database-functions.js';
import { BUILTIN_MACROS } from '../project/templates/dbt-macros.js';
import type { MacroDefinition, Statement } from './ast.js';
import { prepareExpression } from './evaluate.js';
import { ReturnSignal } from './faults.js';
import { Frame, type Rendering } from './frame.js';
import { parseTemplate } from './parser.js';
import type { TemplateFunction } from './python/values.js';
import { prepareMacro, prepareStatements } from './render.js';
import { SyntaxFault } from './tokens.js';

/** A text with Jinja in it, compiled once and rendered with any context. */
export interface JinjaTemplate {
  readonly path: string;
  /** Throws a BeltError with the file and line of what is wrong, be it in a macro file. */
  render(context: Readonly<Record<string, unknown>>, onMacro?: OnMacro): string;
  /** The value of a text that is one `{{ expression }}`, else its text. */
  evaluate(context: Readonly<Record<string, unknown>>): unknown;
}

/** Told each macro of the project that a rendering calls. */
type OnMacro = (name: string) => void;

/** A macro of the project, for those who want to know whether it changed. */
export interface MacroText {
  readonly name: string;
  readonly path: string;
  readonly text: string;
}

/** Compiles templates, and makes the macros of some files known to all others. */
export interface Jinja {
  /** Throws a BeltError with the line of what is wrong. */
  compile(path: string, text: string): JinjaTemplate;
  /** Adds a file of macros. Throws a BeltError. */
  addMacros(path: string, text: string): void;
  /** The macros that were added. */
  macroTexts(): MacroText[];
  /** The macro of this name, of any macro file, for one context. */
  macro(name: string, context: Readonly<Record<string, unknown>>): TemplateFunction | undefined;
}

/** A macro of a macro file, and what else stands in that file. */
interface FileMacro {
  readonly text: string;
  readonly file: MacroFile;
  readonly make: (frame: Frame) => TemplateFunction;
}

interface MacroFile {
  readonly path: string;
  /** Sets the variables that stand outside of the macros. */
  readonly enter: (frame: Frame) => string;
}

/** An engine without macros. `projectName` is what may stand before a macro: `project.macro()`. */
export function createJinja(projectName = ''): Jinja {
  const macros = new Map<string, FileMacro>();
  const builtins = builtinMacros();

  function renderingOf(
    context: Readonly<Record<string, unknown>>,
    onMacro: OnMacro = () => undefined,
  ): Rendering {
    const frames = new Map<MacroFile, Frame>();
    const macro = (name: string): TemplateFunction | undefined => {
      // a helper of dbt goes by its bare name only where a test or dispatch asks for it
      if (macros.has(name)) onMacro(name);
      const found = macros.get(name) ?? (name.startsWith('test_') ? builtins.get(name) : undefined);
      return found === undefined ? undefined : ready(found);
    };
    const ready = (found: FileMacro): TemplateFunction => {
      let frame = frames.get(found.file);
      if (frame === undefined) {
        frame = new Frame(rendering);
        frames.set(found.file, frame);
        found.file.enter(frame);
      }
      return found.make(frame);
    };
    const called = (known: ReadonlyMap<string, FileMacro>) =>
      Object.fromEntries(
        [...known].map(([name, found]) => [
          name,
          (...parameters: Parameters<TemplateFunction>) => ready(found)(...parameters),
        ]),
      );
    const rendering: Rendering = {
      context: withDispatch(
        projectName === ''
          ? context
          : { [projectName]: called(macros), dbt: called(builtins), ...context },
        macro,
      ),
      macro,
      names: () => macros.keys(),
    };
    return rendering;
  }

  return {
    compile(path, text) {
      const statements = parse(path, text);
      const render = prepareStatements(statements, path);
      const [only] = statements;
      const value =
        statements.length === 1 && only?.kind === 'output'
          ? prepareExpression(only.value, path)
          : undefined;
      const within = <T>(
        context: Readonly<Record<string, unknown>>,
        work: (frame: Frame) => T,
        onMacro?: OnMacro,
      ): T => {
        try {
          return work(new Frame(renderingOf(context, onMacro)));
        } catch (error) {
          if (!(error instanceof ReturnSignal)) throw error;
          throw new BeltError('return() stands outside of a macro.', {
            location: { file: path },
            hint: 'Use {{ }} to print a value.',
          });
        }
      };
      return {
        path,
        render: (context, onMacro) => within(context, render, onMacro),
        evaluate: (context) => within<unknown>(context, value ?? render),
      };
    },
    addMacros(path, text) {
      const statements = parse(path, text);
      const others = statements.filter((one) => one.kind === 'set' || one.kind === 'capture');
      const file: MacroFile = { path, enter: prepareStatements(others, path) };
      for (const definition of macrosOf(statements)) {
        const before = macros.get(definition.name);
        if (before !== undefined) throw duplicateMacro(definition, path, before.file.path);
        macros.set(definition.name, {
          file,
          make: prepareMacro(definition, path),
          text: macroText(text, definition),
        });
      }
    },
    macroTexts: () =>
      [...macros].map(([name, { file, text }]) => ({ name, path: file.path, text })),
    macro: (name, context) => renderingOf(context).macro(name),
  };
}

function parse(path: string, text: string): Statement[] {
  try {
    return parseTemplate(text);
  } catch (error) {
    if (!(error instanceof SyntaxFault)) throw error;
    throw new BeltError(error.message, {
      location: { file: path, line: error.line },
      hint: 'Correct the Jinja there; the README lists what models may use.',
      cause: error,
    });
  }
}

/** The text of one macro of a file, from its tag to its end. */
function macroText(text: string, { line, name }: MacroDefinition): string {
  const rest = text
    .split('\n')
    .slice(line - 1)
    .join('\n');
  const end = name.startsWith('test_') ? /\bend(?:data_)?(?:test|macro)\b/ : /\bendmacro\b/;
  return rest.slice(0, (end.exec(rest)?.index ?? rest.length) + 1);
}

let parsedBuiltins: Map<string, FileMacro> | undefined;

/** The macros that come with belt, parsed once. */
function builtinMacros(): ReadonlyMap<string, FileMacro> {
  if (parsedBuiltins === undefined) {
    const path = 'belt/builtin-macros';
    const file: MacroFile = { path, enter: () => '' };
    parsedBuiltins = new Map(
      macrosOf(parse(path, BUILTIN_MACROS)).map((macro) => [
        macro.name,
        { file, make: prepareMacro(macro, path), text: '' },
      ]),
    );
  }
  return parsedBuiltins;
}

function macrosOf(statements: readonly Statement[]): MacroDefinition[] {
  return statements.flatMap((statement) => (statement.kind === 'macro' ? [statement.macro] : []));
}

function duplicateMacro({ name, line }: MacroDefinition, path: string, before: string): BeltError {
  return new BeltError(`There are two macros of the name ${name}: in ${before} and ${path}.`, {
    location: { file: path, line },
    hint: 'Rename one of them: a macro is called by its name.',
  });
}
