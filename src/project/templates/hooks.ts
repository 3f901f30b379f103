import { isMap } from '../reading/yaml-file.js';

/** The texts of a hook config: a text, a dictionary with `sql`, or a list of these. */
export function hooksOf(
  config: Readonly<Record<string, unknown>>,
  key: 'pre_hook' | 'post_hook',
): string[] {
  const value = config[key];
  const list = Array.isArray(value) ? value : [value];
  return list.flatMap((hook: unknown) => {
    if (typeof hook === 'string') return [hook];
    return isMap(hook) && typeof hook.sql === 'string' ? [hook.sql] : [];
  });
}
