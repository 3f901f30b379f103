import { BeltError } from '../../errors.js';
import { bindArguments } from '../../jinja/arguments.js';
import { type Dict, isDict, stringOf, type TemplateFunction } from '../../jinja/python/values.js';

/** `adapter.dispatch('name')`: the macro of PostgreSQL, else the default one. */
function dispatchFunction(macro: (name: string) => TemplateFunction | undefined): TemplateFunction {
  return (positional, keywords) => {
    const args = bindArguments(
      'adapter.dispatch',
      ['macro_name', 'macro_namespace'],
      positional,
      keywords,
    );
    const name = stringOf(args.macro_name);
    for (const prefix of ['postgres__', 'timescaledb__', 'default__', '']) {
      const found = macro(`${prefix}${name}`);
      if (found !== undefined) return found;
    }
    throw new BeltError(
      `adapter.dispatch() finds neither postgres__${name} nor default__${name}.`,
      {
        hint: 'Write a macro of one of these names.',
      },
    );
  };
}

/** The context with a dispatch of its own in `adapter`. */
export function withDispatch(
  context: Readonly<Dict>,
  macro: (name: string) => TemplateFunction | undefined,
): Dict {
  const adapter = isDict(context.adapter) ? context.adapter : {};
  return { ...context, adapter: { ...adapter, dispatch: dispatchFunction(macro) } };
}
