import { misspelt } from '../../did-you-mean.js';
import {
  checkConfig,
  type DictionaryShape,
  listOf,
  type Report,
  takesDictionary,
} from './shapes.js';
import { isMap, type YamlMap } from './yaml-file.js';

/** The configs that dbt_project.yml gives to folders and nodes of one kind, such as `models:`. */
export interface ConfigTree {
  /** The key of dbt_project.yml. */
  readonly key: string;
  readonly value: YamlMap;
  /** The configs that these nodes can have. */
  readonly known: DictionaryShape;
}

/** The configs that a tree gives to a node, those of its folders below its own. */
export function folderConfig(
  { value, known }: ConfigTree,
  fqn: readonly string[],
): Record<string, unknown> {
  let config: Record<string, unknown> = {};
  let level: unknown = value;
  for (const name of [undefined, ...fqn]) {
    level = name === undefined ? level : isMap(level) ? level[name] : undefined;
    if (!isMap(level)) break;
    const own = Object.entries(level).filter(([key, item]) => !isFolder(known, key, item));
    config = mergeConfig(
      config,
      Object.fromEntries(own.map(([key, item]) => [key.replace(/^\+/, ''), item])),
    );
  }
  return config;
}

/** Tells configs that are not known, and folders that no node lies in. */
export function checkTree(
  tree: ConfigTree,
  fqns: readonly (readonly string[])[],
  report: Report,
): void {
  const visit = (level: YamlMap, names: readonly string[]) => {
    for (const [key, item] of Object.entries(level)) {
      const path = [tree.key, ...names, key];
      if (!isFolder(tree.known, key, item)) checkConfig(tree.known, key, item, path, report);
      else {
        const beside = fqns
          .filter((fqn) => names.every((name, index) => fqn[index] === name))
          .flatMap((fqn) => fqn[names.length] ?? []);
        if (beside.includes(key)) visit(item as YamlMap, [...names, key]);
        else tellStray(path, key, beside);
      }
    }
  };
  const tellStray = (path: string[], key: string, beside: readonly string[]) => {
    const configs = Object.keys(tree.known.keys).filter((one) => takesDictionary(tree.known, one));
    const near = misspelt(key, [...beside, ...configs]);
    const told = `${path.join('.')} applies to nothing`;
    const hint = 'Below it come the project’s name, folders and names of files; configs have a +.';
    if (near === undefined) report.warning(path, `${told}.`, hint);
    else report.fault(path, `${told} (did you mean ${near}?).`, hint);
  };
  visit(tree.value, []);
}

/** Keys with a + are configs; so are those without one that hold no dictionary, or must do so. */
function isFolder(known: DictionaryShape, key: string, item: unknown): boolean {
  return isMap(item) && !key.startsWith('+') && !takesDictionary(known, key);
}

const ADDED_UP = ['tags', 'pre_hook', 'post_hook'];
const MERGED = ['meta', 'docs', 'column_types', 'freshness'];

/** Merges configs as dbt does: later ones win; tags and hooks add up, meta merges. */
export function mergeConfig(
  base: Readonly<Record<string, unknown>>,
  over: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const merged: Record<string, unknown> = { ...base };
  for (const [written, value] of Object.entries(over)) {
    // dbt writes some keys with a dash in YAML, and with an underscore in config()
    const key = written.replaceAll('-', '_');
    const before = merged[key];
    if (ADDED_UP.includes(key)) {
      const list = [...listOf(before), ...listOf(value)];
      merged[key] = key === 'tags' ? [...new Set(list)] : list;
    } else if (key === 'grants' && isMap(value)) {
      merged[key] = mergedGrants(isMap(before) ? before : {}, value);
    } else if (MERGED.includes(key) && isMap(before) && isMap(value)) {
      merged[key] = { ...before, ...value };
    } else {
      merged[key] = value;
    }
  }
  return merged;
}

/** A privilege replaces that of before; with a + it adds to it. */
function mergedGrants(before: YamlMap, value: YamlMap): YamlMap {
  const merged: Record<string, unknown> = { ...before };
  for (const [key, grantees] of Object.entries(value)) {
    const privilege = key.replace(/^\+/, '');
    merged[privilege] = key.startsWith('+')
      ? [...new Set([...listOf(merged[privilege]), ...listOf(grantees)])]
      : grantees;
  }
  return merged;
}
