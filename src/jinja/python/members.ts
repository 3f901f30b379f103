import { BeltError } from '../../errors.js';
import { methodOf } from './methods.js';
import {
  isDict,
  isFunction,
  Missing,
  Namespace,
  present,
  representationOf,
  stringOf,
  TemplateObject,
  typeOf,
  valueOrMissing,
} from './values.js';

/** `target.name`, or what is Missing under the name `what`. Throws for None and what is missing. */
export function memberOf(target: unknown, name: string, what = name): unknown {
  present(target);
  if (target === null || target === undefined) {
    throw new BeltError(`None has no member ${name}.`, {
      hint: `What stands before .${name} has no value; test it with "is not none" first.`,
    });
  }
  const method = methodOf(target, name);
  if (method !== undefined) return method;
  if (target instanceof Namespace) return valueOrMissing(target.members.get(name), what);
  if (target instanceof TemplateObject) return valueOrMissing(target.member(name), what);
  if (isDict(target) || isFunction(target)) return valueOrMissing(ownProperty(target, name), what);
  return new Missing(what);
}

/** `target[key]`, with lists counted from their end by negative keys. */
export function itemOf(target: unknown, key: unknown, what: string): unknown {
  present(key);
  if (Array.isArray(target) || typeof target === 'string') {
    if (typeof key !== 'number') {
      throw new BeltError(`${stringOf(key)} is ${typeOf(key)}, not a place in ${typeOf(target)}.`, {
        hint: 'Places are whole numbers, from 0.',
      });
    }
    return valueOrMissing(target.at(key), what);
  }
  if (target instanceof TemplateObject) return valueOrMissing(target.item(key), what);
  if (isDict(target)) {
    const value = ownProperty(target, stringOf(key));
    if (value !== undefined) return value;
  }
  return memberOf(target, stringOf(key), what);
}

function ownProperty(target: object, name: string): unknown {
  return Object.hasOwn(target, name) && (isDict(target) || !['length', 'name'].includes(name))
    ? (target as Record<string, unknown>)[name]
    : undefined;
}

/** `target[start:stop:step]`. */
export function sliceOf(target: unknown, bounds: readonly unknown[]): unknown {
  present(target);
  if (!Array.isArray(target) && typeof target !== 'string') {
    throw new BeltError(`${representationOf(target)} has no parts to take.`, {
      hint: 'Only lists and texts can be sliced.',
    });
  }
  const [start, stop, step = 1] = bounds.map((bound) =>
    typeof bound === 'number' ? bound : undefined,
  );
  if (step === 1) return target.slice(start, stop);
  const list = [...target];
  const found = (step < 0 ? list.reverse() : list).filter(
    (_, index) => index % Math.abs(step) === 0,
  );
  if (start !== undefined || stop !== undefined) {
    throw new BeltError('A slice with a step takes no start and stop here.', {
      hint: 'Slice twice: list[1:3][::2].',
    });
  }
  return typeof target === 'string' ? found.join('') : found;
}
