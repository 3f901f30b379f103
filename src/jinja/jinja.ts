import { BeltError } from '../errors.js';
import { prepareExpression } from './evaluate.js';
import { ReturnSignal } from './faults.js';
import { Frame, type Rendering } from './frame.js';
import { type FileMacro, readMacroFile } from './macro-file.js';
import { parseTemplate } from './parser.js';
import type { TemplateFunction } from './python/values.js';
import { prepareStatements } from './render.js';

/** A text with Jinja in it, compiled once and rendered with any context. */
export interface JinjaTemplate {
  readonly path: string;
  /** Throws a BeltError with the file and line of what is wrong, be it in a macro file. */
  render(context: Context, onMacro?: OnMacro): string;
  /** The value of a text that is one `{{ expression }}`, else its text. */
  evaluate(context: Context): unknown;
}

type Context = Readonly<Record<string, unknown>>;

/** Told each macro of addMacros() that a rendering calls. */
type OnMacro = (name: string) => void;

/** A macro, for those who want to know whether it changed. */
export type MacroText = Pick<FileMacro, 'name' | 'path' | 'text'>;

/** Compiles templates, and makes the macros of some files known to all others. */
export interface Jinja {
  /** Throws a BeltError with the line of what is wrong. */
  compile(path: string, text: string): JinjaTemplate;
  /** Adds a file of macros. Throws a BeltError. */
  addMacros(path: string, text: string): void;
  /** The macros that were added. */
  macroTexts(): MacroText[];
  /** The macro of this name, of any macro file, for one context. */
  macro(name: string, context: Context): TemplateFunction | undefined;
}

/** What the one who uses the language adds to it. */
export interface JinjaOptions {
  /** What may stand before a macro of addMacros(): `name.macro()`. */
  readonly projectName?: string;
  readonly library?: MacroLibrary;
  /** Adds names to a context; `macro` finds the macros that go by their bare name. */
  readonly extend?: (context: Context, macro: Rendering['macro']) => Context;
}

/** Macros that come along, called as `name.macro()`. */
interface MacroLibrary {
  readonly name: string;
  readonly text: string;
  /** Whether a macro goes by its bare name too. */
  readonly isBare: (macro: string) => boolean;
}

/** An engine with no macros but those of its library. */
export function createJinja({ projectName, library, extend }: JinjaOptions = {}): Jinja {
  const added = new Map<string, FileMacro>();
  const known = new Map(
    library === undefined
      ? []
      : readMacroFile(`macros of ${library.name}`, library.text).map((one) => [one.name, one]),
  );

  function renderingOf(context: Context, onMacro: OnMacro = () => undefined): Rendering {
    const macro = (name: string): TemplateFunction | undefined => {
      if (added.has(name)) onMacro(name);
      const found = added.get(name) ?? (library?.isBare(name) ? known.get(name) : undefined);
      return found?.ready(rendering);
    };
    const namespace = (macros: ReadonlyMap<string, FileMacro>, told: OnMacro) =>
      Object.fromEntries(
        [...macros].map(([name, found]): [string, TemplateFunction] => [
          name,
          (...parameters) => {
            told(name);
            return found.ready(rendering)(...parameters);
          },
        ]),
      );
    const whole = {
      ...(projectName === undefined ? {} : { [projectName]: namespace(added, onMacro) }),
      ...(library === undefined ? {} : { [library.name]: namespace(known, () => undefined) }),
      ...context,
    };
    const rendering: Rendering = {
      context: extend?.(whole, macro) ?? whole,
      macro,
      names: () => added.keys(),
    };
    return rendering;
  }

  return {
    compile(path, text) {
      const statements = parseTemplate(path, text);
      const render = prepareStatements(statements, path);
      const [only] = statements;
      const value =
        statements.length === 1 && only?.kind === 'output'
          ? prepareExpression(only.value, path)
          : undefined;
      const within = <T>(context: Context, work: (frame: Frame) => T, onMacro?: OnMacro): T => {
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
      for (const macro of readMacroFile(path, text)) {
        const before = added.get(macro.name);
        if (before !== undefined) throw duplicateMacro(macro, before);
        added.set(macro.name, macro);
      }
    },
    macroTexts: () => [...added.values()].map(({ name, path, text }) => ({ name, path, text })),
    macro: (name, context) => renderingOf(context).macro(name),
  };
}

function duplicateMacro({ name, path, line }: FileMacro, before: FileMacro): BeltError {
  return new BeltError(`There are two macros of the name ${name}: in ${before.path} and ${path}.`, {
    location: { file: path, line },
    hint: 'Rename one of them: a macro is called by its name.',
  });
}
