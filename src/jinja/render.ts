import { BeltError } from '../errors.js';
import type { MacroDefinition, SetTarget, Statement } from './ast.js';
import {
  type Evaluate,
  prepareCall,
  prepareExpression,
  prepareFilterArguments,
} from './evaluate.js';
import { LoopSignal, locating, ReturnSignal } from './faults.js';
import type { Frame } from './frame.js';
import {
  type Dict,
  isTrue,
  itemsOf,
  Namespace,
  stringOf,
  type TemplateFunction,
  tupleOf,
  valueOrMissing,
} from './python/values.js';

/** Statements made ready: give their text in a scope. */
export type Render = (frame: Frame) => string;

/** Makes statements of a file ready. */
export function prepareStatements(statements: readonly Statement[], file: string): Render {
  const ready = statements.map((statement) => prepareStatement(statement, file));
  return (frame) => {
    let text = '';
    try {
      for (const render of ready) text += render(frame);
    } catch (error) {
      if (error instanceof LoopSignal) error.text = text + error.text;
      throw error;
    }
    return text;
  };
}

function prepareStatement(statement: Statement, file: string): Render {
  switch (statement.kind) {
    case 'text':
      return () => statement.text;
    case 'output': {
      const value = prepareExpression(statement.value, file);
      return (frame) => printed(value(frame), file, statement.line);
    }
    case 'do': {
      const value = prepareExpression(statement.value, file);
      return (frame) => {
        value(frame);
        return '';
      };
    }
    case 'if': {
      const condition = prepareExpression(statement.condition, file);
      const body = prepareStatements(statement.body, file);
      const otherwise = prepareStatements(statement.otherwise, file);
      return (frame) => (isTrue(condition(frame)) ? body(frame) : otherwise(frame));
    }
    case 'break':
    case 'continue':
      return () => {
        throw new LoopSignal(statement.kind);
      };
    case 'with': {
      const variables = statement.variables.map(({ name, value }) => ({
        name,
        value: prepareExpression(value, file),
      }));
      const body = prepareStatements(statement.body, file);
      return (frame) => {
        const inner = frame.push();
        // as in Jinja, none of them sees the others
        for (const { name, value } of variables) inner.set(name, value(frame));
        return body(inner);
      };
    }
    case 'for':
      return prepareLoop(statement, file);
    case 'set': {
      const value = prepareExpression(statement.value, file);
      return (frame) => {
        assign(frame, statement.targets, value(frame), file, statement.line);
        return '';
      };
    }
    case 'capture': {
      const body = prepareStatements(statement.body, file);
      return (frame) => {
        assign(frame, [statement.target], captured(body, frame), file, statement.line);
        return '';
      };
    }
    case 'macro': {
      const macro = prepareMacro(statement.macro, file);
      return (frame) => {
        frame.set(statement.macro.name, macro(frame));
        return '';
      };
    }
    case 'call-block': {
      const caller = prepareMacro(statement.caller, file);
      const call = prepareCall(statement.call, file, (frame) => ({ caller: caller(frame) }));
      return (frame) => printed(call(frame), file, statement.line);
    }
    case 'filter-block': {
      const body = prepareStatements(statement.body, file);
      const filters = statement.filters.map(({ name, args }) =>
        prepareFilterArguments(name, args, file, statement.line),
      );
      return (frame) =>
        printed(
          filters.reduce<unknown>((value, filter) => filter(frame, value), captured(body, frame)),
          file,
          statement.line,
        );
    }
  }
}

/** The text of a block that is not printed: lost where a loop ends in it. */
function captured(body: Render, frame: Frame): string {
  try {
    return body(frame.push());
  } catch (error) {
    if (error instanceof LoopSignal) error.text = '';
    throw error;
  }
}

/** dbt prints None into the SQL, where it is never right. */
function printed(value: unknown, file: string, line: number): string {
  if (typeof value === 'string') return value;
  return locating(file, line, () => {
    if (value !== null && value !== undefined) return stringOf(value);
    throw new BeltError('This has no value (it is None), and would be printed into the SQL.', {
      hint: 'Use {% do … %} for a call without a value, or give a default: x if x is not none else …',
    });
  });
}

function assign(
  frame: Frame,
  targets: readonly SetTarget[],
  value: unknown,
  file: string,
  line: number,
): void {
  locating(file, line, () => {
    const values = targets.length === 1 ? [value] : unpacked(value, targets.length);
    for (const [index, { name, member }] of targets.entries()) {
      if (member === undefined) frame.set(name, values[index]);
      else membersOf(frame.lookup(name), name, member).set(member, values[index]);
    }
  });
}

function membersOf(namespace: unknown, name: string, member: string): Map<string, unknown> {
  if (namespace instanceof Namespace) return namespace.members;
  throw new BeltError(`${name} is not a namespace(), so ${name}.${member} cannot be set.`, {
    hint: `Make it with {% set ${name} = namespace(${member}=…) %}; a dictionary is changed with update().`,
  });
}

function unpacked(value: unknown, count: number): unknown[] {
  const values = itemsOf(value);
  if (values.length === count) return values;
  throw new BeltError(`There are ${values.length} values for ${count} names.`, {
    hint: 'Give as many names as there are values.',
  });
}

function prepareLoop(loop: Extract<Statement, { kind: 'for' }>, file: string): Render {
  const list = prepareExpression(loop.list, file);
  const condition: Evaluate =
    loop.condition === undefined ? () => true : prepareExpression(loop.condition, file);
  const body = prepareStatements(loop.body, file);
  const otherwise = prepareStatements(loop.otherwise, file);
  const targets = loop.names.map((name) => ({ name, member: undefined }));
  return (frame) => {
    const items = locating(file, loop.line, () => itemsOf(list(frame))).filter((item) => {
      if (loop.condition === undefined) return true;
      const inner = frame.push();
      assign(inner, targets, item, file, loop.line);
      return isTrue(condition(inner));
    });
    if (items.length === 0) return otherwise(frame);
    let text = '';
    for (const [index, item] of items.entries()) {
      const inner = frame.push();
      assign(inner, targets, item, file, loop.line);
      inner.set('loop', loopState(items, index));
      try {
        text += body(inner);
      } catch (error) {
        if (!(error instanceof LoopSignal)) throw error;
        text += error.text;
        if (error.kind === 'break') break;
      }
    }
    return text;
  };
}

function loopState(items: readonly unknown[], index: number): Dict {
  const { length } = items;
  const cycle: TemplateFunction = (values) => values[index % values.length];
  return {
    index: index + 1,
    index0: index,
    revindex: length - index,
    revindex0: length - index - 1,
    first: index === 0,
    last: index === length - 1,
    length,
    previtem: valueOrMissing(items[index - 1], 'loop.previtem'),
    nextitem: valueOrMissing(items[index + 1], 'loop.nextitem'),
    cycle,
  };
}

/** Makes a macro ready: gives a function in the scope that it is defined in. */
export function prepareMacro(
  macro: MacroDefinition,
  file: string,
): (frame: Frame) => TemplateFunction {
  const body = prepareStatements(macro.body, file);
  const parameters = macro.parameters.map(({ name, fallback }) => ({
    name,
    fallback: fallback === undefined ? undefined : prepareExpression(fallback, file),
  }));
  return (outer) => (positional, keywords) => {
    const frame = outer.push();
    const rest = { ...keywords };
    for (const [index, { name, fallback }] of parameters.entries()) {
      if (index < positional.length) frame.set(name, positional[index]);
      else if (Object.hasOwn(rest, name)) frame.set(name, rest[name]);
      else frame.set(name, valueOrMissing(fallback?.(frame), name));
      delete rest[name];
    }
    if (rest.caller !== undefined) frame.set('caller', rest.caller);
    delete rest.caller;
    takeRest(macro, frame, positional.slice(parameters.length), rest);
    try {
      return body(frame);
    } catch (error) {
      if (error instanceof ReturnSignal) return error.value;
      throw error;
    }
  };
}

/** What is left over goes to varargs and kwargs, if the macro mentions them. */
function takeRest(macro: MacroDefinition, frame: Frame, positional: unknown[], rest: Dict): void {
  const { name, mentions, parameters } = macro;
  if (mentions.has('varargs')) frame.set('varargs', tupleOf(positional));
  else if (positional.length > 0) {
    throw new BeltError(
      `${name}() takes ${parameters.length} arguments, but has ${parameters.length + positional.length}.`,
      { hint: `Its parameters are ${parameters.map((one) => one.name).join(', ') || 'none'}.` },
    );
  }
  const [unknown] = Object.keys(rest);
  if (mentions.has('kwargs')) frame.set('kwargs', rest);
  else if (unknown !== undefined) {
    throw new BeltError(`${name}() has no parameter ${unknown}.`, {
      hint: `Its parameters are ${parameters.map((one) => one.name).join(', ') || 'none'}.`,
    });
  }
}
