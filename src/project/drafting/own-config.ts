import { otherUsersOf } from '../config-keys.js';
import { type Diagnostics, lineOf } from '../faults.js';
import type { ProjectFile } from '../reading/files.js';
import type { NodeProperties } from '../reading/properties.js';
import { check, type DictionaryShape } from '../reading/shapes.js';
import { isMap, type Path } from '../reading/yaml-file.js';

/** Tells what is wrong with the config() of a file. */
export function checkOwnConfig(
  diagnostics: Diagnostics,
  file: ProjectFile,
  known: DictionaryShape,
  own: Readonly<Record<string, unknown>>,
): void {
  check(known, own, [], diagnostics.of(file.path, lineIn(file)));
}

/** Tells configs that a model has for itself, and that its materialization does nothing with. */
export function tellIdleConfigs(
  diagnostics: Diagnostics,
  file: ProjectFile,
  own: Readonly<Record<string, unknown>>,
  known: NodeProperties | undefined,
  materialized: unknown,
): void {
  const tell = (
    path: string,
    config: Readonly<Record<string, unknown>>,
    lineAt: (path: Path) => number,
  ) => {
    for (const [key, value] of Object.entries(config)) {
      const users = otherUsersOf(key.replaceAll('-', '_'), String(materialized));
      const isOff = value === null || value === false || (isMap(value) && value.enforced === false);
      if (users === undefined || isOff) continue;
      diagnostics
        .of(path, lineAt)
        .warning(
          [key],
          `${key} does nothing for the materialization ${materialized}.`,
          `It is for ${users.join(', ')}.`,
        );
    }
  };
  tell(file.path, own, lineIn(file));
  if (known !== undefined) {
    tell(known.path, known.config, (path) => known.lineOf(['config', ...path]));
  }
}

/** The line of a key within the config() of a file. */
function lineIn({ text }: ProjectFile): (path: Path) => number {
  return (path) => {
    const start = Math.max(text.search(/\bconfig\s*\(/), 0);
    const above = text.slice(0, start).split('\n').length;
    const key = String(path.findLast((part) => typeof part === 'string') ?? '');
    const word = new RegExp(`\\b${key.replace(/\W/g, '\\$&')}\\b`);
    return above + (lineOf(text.slice(start), word) ?? 1) - 1;
  };
}
