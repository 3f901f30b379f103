import { BeltError } from '../errors.js';

/** The arguments of a call by the names of the parameters; undefined where none is given. */
export function bindArguments<Name extends string>(
  what: string,
  names: readonly Name[],
  positional: readonly unknown[],
  keywords: Readonly<Record<string, unknown>>,
): Record<Name, unknown> {
  const known: readonly string[] = names;
  const unknown = Object.keys(keywords).find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new BeltError(`${what}() has no parameter ${unknown}.`, {
      hint: names.length === 0 ? 'It takes none.' : `Its parameters are ${names.join(', ')}.`,
    });
  }
  if (positional.length > names.length) {
    throw new BeltError(
      `${what}() takes at most ${names.length} arguments, but has ${positional.length}.`,
      { hint: `Its parameters are ${names.join(', ') || 'none'}.` },
    );
  }
  return Object.fromEntries(
    names.map((name, index) => [
      name,
      index < positional.length ? positional[index] : keywords[name],
    ]),
  ) as Record<Name, unknown>;
}
