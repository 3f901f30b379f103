import { BeltError } from '../../errors.js';
import { bindArguments } from '../../jinja/arguments.js';
import type { FindMacro } from '../../jinja/macro-file.js';
import { type Dict, isDict, stringOf, type TemplateFunction } from '../../jinja/python/values.js';

/** `adapter.dispatch('name')`: the macro of PostgreSQL, else the default one. */
function dispatchFunction(macro: FindMacro): TemplateFunction {
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

/** The `adapter` of a context, with a dispatch of its own. */
export function withDispatch({ adapter }: Readonly<Dict>, macro: FindMacro): Dict {
  const rest = isDict(adapter) ? adapter : {};
  return { adapter: { ...rest, dispatch: dispatchFunction(macro) } };
}
