import type { ModelNode } from '../../project/nodes.js';
import { listOf } from '../../project/reading/shapes.js';

/**
 * What has configs: a model, a snapshot or a seed. When the project was loaded, all of them were held
 * against src/project/config-keys.ts, which says what each may be.
 */
export type Configured = Pick<ModelNode, 'name' | 'path' | 'config'>;

/** A text, or undefined where it is not set. */
export function textConfig({ config }: Configured, key: string): string | undefined {
  return (config[key] ?? undefined) as string | undefined;
}

/** A true or false, `fallback` where it is not set. */
export function flagConfig({ config }: Configured, key: string, fallback: boolean): boolean {
  return (config[key] ?? fallback) as boolean;
}

/** One of a config's words, `fallback` where it is not set. */
export function choiceConfig<T extends string>(
  { config }: Configured,
  key: string,
  fallback: T,
): T {
  return (config[key] ?? fallback) as T;
}

/** A name or a list of names, as dbt takes for unique_key. */
export function namesConfig({ config }: Configured, key: string): readonly string[] {
  return namesOf(config[key]);
}

export function namesOf(value: unknown): readonly string[] {
  if (typeof value === 'string') return value.split(',').map((name) => name.trim());
  return (value ?? []) as readonly string[];
}

/** A text or a list of texts, taken as they stand. */
export function textsConfig({ config }: Configured, key: string): readonly string[] {
  return listOf(config[key] as string | readonly string[] | undefined);
}

/** A nested config, such as compression; undefined where it is not set or switched off. */
export function groupConfig(
  { config }: Configured,
  key: string,
): Readonly<Record<string, unknown>> | undefined {
  return (config[key] || undefined) as Readonly<Record<string, unknown>> | undefined;
}

/**
 * An interval: `7 days`, or as dbt-timescaledb has it, `interval '7 days'`. Undefined where it is
 * not set.
 */
export function intervalOf(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  const text = String(value);
  return /^\s*interval\s+'([^']*)'\s*$/i.exec(text)?.[1] ?? text;
}
