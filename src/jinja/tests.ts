import { isFloat, isNumeric } from './python/numbers.js';
import {
  contains,
  isDict,
  isEqual,
  isFunction,
  Missing,
  order,
  TemplateObject,
} from './python/values.js';

type Test = (value: unknown, argument: unknown) => boolean;

const isInteger = (value: unknown) => typeof value === 'number' && Number.isInteger(value);
const isSequence = (value: unknown) => Array.isArray(value) || typeof value === 'string';

/** What can stand after `is`, by name. */
export const TESTS: Readonly<Record<string, Test>> = {
  defined: (value) => !(value instanceof Missing),
  undefined: (value) => value instanceof Missing,
  none: (value) => value === null,
  true: (value) => value === true,
  false: (value) => value === false,
  boolean: (value) => typeof value === 'boolean',
  string: (value) => typeof value === 'string',
  number: isNumeric,
  integer: isInteger,
  float: isFloat,
  mapping: isDict,
  sequence: (value) => isSequence(value) || isDict(value),
  iterable: (value) => isSequence(value) || isDict(value),
  callable: isFunction,
  relation: (value) => value instanceof TemplateObject,
  odd: (value) => isInteger(value) && Number(value) % 2 !== 0,
  even: (value) => isInteger(value) && Number(value) % 2 === 0,
  divisibleby: (value, divisor) => Number(value) % Number(divisor) === 0,
  lower: (value) => typeof value === 'string' && value === value.toLowerCase(),
  upper: (value) => typeof value === 'string' && value === value.toUpperCase(),
  in: (value, list) => contains(list, value),
  sameas: (value, other) => value === other,
  equalto: isEqual,
  eq: isEqual,
  ne: (value, other) => !isEqual(value, other),
  lt: (value, other) => order(value, other) < 0,
  le: (value, other) => order(value, other) <= 0,
  gt: (value, other) => order(value, other) > 0,
  ge: (value, other) => order(value, other) >= 0,
};
