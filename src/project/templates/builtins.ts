import { BeltError } from '../../errors.js';
import { BUILTINS } from '../../jinja/builtins.js';
import { Missing, stringOf, type TemplateFunction } from '../../jinja/python/values.js';

/** Functions of dbt that belt does not have. */
const UNSUPPORTED =
  'run_query_and_return load_relation metric modules store_result ' +
  'submit_python_job local_md5 diff_of_two_dicts selected_resources thread_id dbt_metadata_envs';

/** A name whose every use is a fault that names it, with its member. */
function unsupported(name: string): unknown {
  const fail = (what: string) => {
    throw new BeltError(`${what} is not supported by belt.`, {
      hint: 'Write what it gives into the model, or read a seed with seed_rows().',
    });
  };
  return new Proxy(() => fail(`${name}()`), {
    getOwnPropertyDescriptor: (_, member) => fail(`${name}.${String(member)}`),
  });
}

/** How templates stop with an error of their own. */
export const EXCEPTIONS: Readonly<Record<string, TemplateFunction>> = {
  raise_compiler_error: ([message]) => {
    throw new BeltError(message instanceof Missing ? 'Compiler error' : stringOf(message), {
      hint: 'The model or a macro of the project raises this error itself.',
    });
  },
  warn: () => '',
};

/** Names that all templates can use, whatever they belong to. */
export const DBT_BUILTINS: Readonly<Record<string, unknown>> = {
  ...BUILTINS,
  log: () => '',
  print: () => '',
  exceptions: EXCEPTIONS,
  ...Object.fromEntries(UNSUPPORTED.split(' ').map((name) => [name, unsupported(name)])),
};
