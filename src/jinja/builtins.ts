import { BeltError } from '../errors.js';
import { ReturnSignal } from './faults.js';
import { toJson } from './filters.js';
import {
  dictOf,
  isDict,
  itemsOf,
  Missing,
  Namespace,
  stringOf,
  type TemplateFunction,
  tupleOf,
} from './python/values.js';

/** Functions of dbt that belt does not have. */
const UNSUPPORTED = [
  'run_query_and_return',
  'builtins',
  'load_relation',
  'metric',
  'modules',
  'store_result',
  'submit_python_job',
  'local_md5',
  'diff_of_two_dicts',
  'selected_resources',
  'thread_id',
  'dbt_metadata_envs',
];

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

function range(bounds: readonly unknown[]): number[] {
  const [first = 0, second, step = 1] = bounds.map(Number);
  const [start, stop] = second === undefined ? [0, first] : [first, second];
  if (step === 0 || Math.abs((stop - start) / step) > 1_000_000) {
    throw new BeltError('range() is asked for too many numbers.', {
      hint: 'Use generate_series() in the SQL instead.',
    });
  }
  return Array.from(
    { length: Math.max(0, Math.ceil((stop - start) / step)) },
    (_, index) => start + index * step,
  );
}

function zipped(lists: readonly unknown[]): unknown[] {
  const items = lists.map(itemsOf);
  const length = items.length === 0 ? 0 : Math.min(...items.map((list) => list.length));
  return Array.from({ length }, (_, index) => tupleOf(items.map((list) => list[index])));
}

function parsed(text: unknown, fallback: unknown): unknown {
  try {
    return JSON.parse(stringOf(text)) as unknown;
  } catch {
    return fallback ?? null;
  }
}

const FUNCTIONS: Readonly<Record<string, TemplateFunction>> = {
  range,
  dict: ([pairs], keywords) => ({
    ...(isDict(pairs)
      ? pairs
      : dictOf(itemsOf(pairs ?? []).map((pair) => itemsOf(pair) as [unknown, unknown]))),
    ...keywords,
  }),
  namespace: ([dict], keywords) => new Namespace({ ...(isDict(dict) ? dict : {}), ...keywords }),
  zip: zipped,
  set: ([list]) => [...new Set(itemsOf(list))],
  tojson: ([value]) => toJson(value),
  fromjson: ([text, fallback]) => parsed(text, fallback),
  return: ([value = null]) => {
    throw new ReturnSignal(value);
  },
};

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
export const BUILTINS: Readonly<Record<string, unknown>> = {
  ...FUNCTIONS,
  log: () => '',
  print: () => '',
  exceptions: EXCEPTIONS,
  ...Object.fromEntries(UNSUPPORTED.map((name) => [name, unsupported(name)])),
};
