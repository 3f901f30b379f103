import { BeltError } from '../errors.js';
import { prepareExpression } from './evaluate.js';
import { ReturnSignal, withinDepth } from './faults.js';
import { Frame, type Rendering } from './frame.js';
import { type FileMacro, type FindMacro, MacroNamespace, readMacroFile } from './macro-file.js';
import { parseTemplate, type Tags } from './parser.js';
import { plainOf } from './python/numbers.js';
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
  readonly tags?: Tags;
  readonly library?: MacroLibrary;
  /** Names of a context for which a macro of addMacros() may stand in. */
  readonly replaceable?: ReadonlySet<string>;
  /** Names above those of a context; `macro` finds the macros that go by their bare name. */
  readonly extend?: (context: Context, macro: FindMacro) => Context;
}

/** Macros that come along, called as `macro()` or `name.macro()`; those of addMacros() go before them. */
interface MacroLibrary {
  readonly name: string;
  readonly files: readonly { readonly path: string; readonly text: string }[];
}

interface MacroRendering extends Rendering {
  readonly macro: FindMacro;
}

/** An engine with no macros but those of its library. */
export function createJinja(options: JinjaOptions = {}): Jinja {
  const {
    projectName,
    tags = { macros: {}, elsewhere: {} },
    library,
    replaceable,
    extend,
  } = options;
  const added = new Map<string, FileMacro>();
  const known = new Map(
    (library?.files ?? [])
      .flatMap(({ path, text }) => readMacroFile(path, text, tags))
      .map((one) => [one.name, one]),
  );

  function renderingOf(context: Context, onMacro: OnMacro = () => undefined): MacroRendering {
    const ofProject: FindMacro = (name) => {
      if (added.has(name)) onMacro(name);
      return added.get(name)?.ready(rendering);
    };
    const ofLibrary: FindMacro = (name) => known.get(name)?.ready(rendering);
    const macro: FindMacro = (name) => ofProject(name) ?? ofLibrary(name);
    const more = extend?.(context, macro) ?? {};
    const rendering: MacroRendering = {
      macro,
      lookup: (name) => {
        if (Object.hasOwn(more, name)) return more[name];
        if (replaceable?.has(name) && added.has(name)) return ofProject(name);
        if (Object.hasOwn(context, name)) return context[name];
        if (name === projectName) return new MacroNamespace(name, ofProject);
        if (name === library?.name) return new MacroNamespace(name, ofLibrary);
        return macro(name);
      },
      names: () => [
        ...Object.keys({ ...more, ...context }),
        ...[projectName, library?.name].filter((name) => name !== undefined),
        ...added.keys(),
      ],
    };
    return rendering;
  }

  return {
    compile(path, text) {
      const { render, value } = withinDepth(path, () => prepareTemplate(path, text, tags));
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
        evaluate: (context) => plainOf(within<unknown>(context, value ?? render)),
      };
    },
    addMacros(path, text) {
      for (const macro of withinDepth(path, () => readMacroFile(path, text, tags))) {
        const before = added.get(macro.name);
        if (before !== undefined) throw duplicateMacro(macro, before);
        added.set(macro.name, macro);
      }
    },
    macroTexts: () => [...added.values()].map(({ name, path, text }) => ({ name, path, text })),
    macro: (name, context) => renderingOf(context).macro(name),
  };
}

/** What a text renders to, and its value if it is one `{{ expression }}`. */
function prepareTemplate(path: string, text: string, tags: Tags) {
  const statements = parseTemplate(path, text, tags);
  const [only] = statements;
  return {
    render: prepareStatements(statements, path),
    value:
      statements.length === 1 && only?.kind === 'output'
        ? prepareExpression(only.value, path)
        : undefined,
  };
}

function duplicateMacro({ name, path, line }: FileMacro, before: FileMacro): BeltError {
  return new BeltError(`There are two macros of the name ${name}: in ${before.path} and ${path}.`, {
    location: { file: path, line },
    hint: 'Rename one of them: a macro is called by its name.',
  });
}
