import { BeltError } from '../../errors.js';
import type { ModelNode } from '../../project/nodes.js';

/** What has configs: a model, a snapshot or a seed. */
export type Configured = Pick<ModelNode, 'name' | 'path' | 'config'>;

function wrong(node: Configured, key: string, wanted: string): BeltError {
  return new BeltError(`The config ${key} of ${node.name} must be ${wanted}.`, {
    location: { file: node.path },
    hint: `Correct ${key} in config() of the model, or in the YAML beside it.`,
  });
}

/** A text config, or undefined where it is not set. */
export function textConfig(node: ModelNode, key: string): string | undefined {
  const value = node.config[key];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') throw wrong(node, key, 'a text');
  return value;
}

/** A true or false, `fallback` where it is not set. */
export function flagConfig(node: ModelNode, key: string, fallback: boolean): boolean {
  const value = node.config[key];
  if (value === undefined || value === null) return fallback;
  if (typeof value !== 'boolean') throw wrong(node, key, 'true or false');
  return value;
}

/** A name or a list of names, as dbt takes for unique_key. */
export function namesConfig(node: Configured, key: string): readonly string[] {
  return namesOf(node, key, node.config[key]);
}

/** A text or a list of texts, taken as they stand. */
export function textsConfig(node: Configured, key: string): readonly string[] {
  const value = node.config[key];
  if (value === undefined || value === null) return [];
  if (typeof value === 'string') return [value];
  if (Array.isArray(value) && value.every((text) => typeof text === 'string')) return value;
  throw wrong(node, key, 'a text or a list of texts');
}

export function namesOf(node: Configured, key: string, value: unknown): readonly string[] {
  if (value === undefined || value === null) return [];
  if (typeof value === 'string') return value.split(',').map((name) => name.trim());
  if (Array.isArray(value) && value.every((name) => typeof name === 'string')) return value;
  throw wrong(node, key, 'a name or a list of names');
}

/** A nested config, such as compression; undefined where it is not set or switched off. */
export function groupConfig(
  node: Configured,
  key: string,
): Readonly<Record<string, unknown>> | undefined {
  const value = node.config[key];
  if (value === undefined || value === null || value === false) return undefined;
  if (typeof value !== 'object' || Array.isArray(value)) throw wrong(node, key, 'a dictionary');
  return value as Record<string, unknown>;
}

/**
 * An interval: `7 days`, or as dbt-timescaledb has it, `interval '7 days'`. Undefined where it is
 * not set.
 */
export function intervalOf(node: ModelNode, key: string, value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'number') return String(value);
  if (typeof value !== 'string') throw wrong(node, key, "an interval such as '7 days'");
  return /^\s*interval\s+'([^']*)'\s*$/i.exec(value)?.[1] ?? value;
}

/** One of a config's allowed words. */
export function choiceConfig<T extends string>(
  node: ModelNode,
  key: string,
  choices: readonly T[],
  fallback: T,
): T {
  const value = node.config[key];
  if (value === undefined || value === null) return fallback;
  const found = choices.find((choice) => choice === value);
  if (found === undefined) throw wrong(node, key, `one of ${choices.join(', ')}`);
  return found;
}
