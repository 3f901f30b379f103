import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BeltError } from '../../errors.js';
import {
  isMap,
  mapOf,
  namesOf,
  type RenderYaml,
  readYaml,
  textOf,
  type YamlMap,
} from './yaml-file.js';

/** What dbt_project.yml says, or the defaults where there is none. */
export interface ProjectConfig {
  readonly name: string;
  readonly modelPaths: readonly string[];
  readonly seedPaths: readonly string[];
  readonly macroPaths: readonly string[];
  readonly snapshotPaths: readonly string[];
  readonly testPaths: readonly string[];
  /** Where artifacts are written, below the project folder. */
  readonly targetPath: string;
  /** The profile of profiles.yml that says where models are built. */
  readonly profile: string | undefined;
  readonly onRunStart: readonly string[];
  readonly onRunEnd: readonly string[];
  readonly vars: YamlMap;
  /** Configs of folders and nodes below `models:`, `seeds:` and `sources:`. */
  readonly models: YamlMap;
  readonly seeds: YamlMap;
  readonly sources: YamlMap;
  readonly snapshots: YamlMap;
  readonly dataTests: YamlMap;
}

const FILE = 'dbt_project.yml';

/** Reads dbt_project.yml. Throws a BeltError with its line. */
export function readProjectConfig(projectDir: string, render: RenderYaml): ProjectConfig {
  const path = join(projectDir, FILE);
  const yaml = existsSync(path)
    ? readYaml({ path: FILE, text: readFileSync(path, 'utf8') })
    : undefined;
  const value = Object.fromEntries(
    Object.entries(yaml?.value ?? {}).map(([key, entry]) => [
      key,
      key === 'vars' || key.startsWith('on-run-')
        ? entry
        : render(entry, { file: FILE, line: yaml?.lineOf([key]) ?? 1 }),
    ]),
  );
  const name = textOf(value.name) || 'belt';
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
    throw new BeltError(`The project's name ${JSON.stringify(name)} is not an identifier.`, {
      location: { file: FILE, line: yaml?.lineOf(['name']) ?? 1 },
      hint: 'Use letters, digits and underscores.',
    });
  }
  const paths = (key: string, fallback: string[]) => {
    const given = namesOf(value[key]);
    return given.length > 0 ? given : fallback;
  };
  return {
    name,
    modelPaths: paths('model-paths', ['models']),
    seedPaths: paths('seed-paths', ['models/seeds', 'seeds']),
    macroPaths: paths('macro-paths', ['macros', 'models/macros']),
    snapshotPaths: paths('snapshot-paths', ['snapshots']),
    testPaths: paths('test-paths', ['tests']),
    targetPath: textOf(value['target-path']) || 'target',
    profile: textOf(value.profile) || undefined,
    onRunStart: namesOf(value['on-run-start']),
    onRunEnd: namesOf(value['on-run-end']),
    vars: varsOf(value),
    models: mapOf(value.models),
    seeds: mapOf(value.seeds),
    sources: mapOf(value.sources),
    snapshots: mapOf(value.snapshots),
    dataTests: { ...mapOf(value.tests), ...mapOf(value.data_tests) },
  };
}

/** Vars of all packages and, above them, of this one. */
function varsOf(yaml: YamlMap): YamlMap {
  const vars = mapOf(yaml.vars);
  return { ...vars, ...mapOf(vars[textOf(yaml.name)]) };
}

/** The configs that dbt_project.yml gives to a node, those of its folders below its own. */
export function folderConfig(tree: YamlMap, fqn: readonly string[]): Record<string, unknown> {
  let config = mergeConfig({}, ownConfig(tree));
  let level: unknown = tree;
  for (const name of fqn) {
    level = isMap(level) ? level[name] : undefined;
    if (!isMap(level)) break;
    config = mergeConfig(config, ownConfig(level));
  }
  return config;
}

/** Configs whose value is a dictionary: without a + they would look like folders. */
const DICT_CONFIGS = [
  'column_types',
  'compression',
  'contract',
  'dimensions',
  'docs',
  'freshness',
  'grants',
  'main_dimension',
  'meta',
  'persist_docs',
  'refresh_policy',
  'reorder_policy',
  'retention_policy',
];

/** Keys with a + are configs; so are those without one that are no folder. */
function ownConfig(level: YamlMap): Record<string, unknown> {
  return normalized(
    Object.entries(level).flatMap(([key, value]) => {
      if (key.startsWith('+')) return [[key.slice(1), value] as const];
      return isMap(value) && !DICT_CONFIGS.includes(key) ? [] : [[key, value] as const];
    }),
  );
}

const ADDED_UP = ['tags', 'pre_hook', 'post_hook'];
const MERGED = ['meta', 'docs', 'column_types'];

/** Merges configs as dbt does: later ones win; tags and hooks add up, meta merges. */
export function mergeConfig(
  base: Readonly<Record<string, unknown>>,
  over: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(normalized(Object.entries(over)))) {
    const before = merged[key];
    if (ADDED_UP.includes(key)) {
      const list = [...listOf(before), ...listOf(value)];
      merged[key] = key === 'tags' ? [...new Set(list)] : list;
    } else if (key === 'grants' && isMap(value)) {
      merged[key] = mergedGrants(mapOf(before), value);
    } else if (MERGED.includes(key) && isMap(before) && isMap(value)) {
      merged[key] = { ...before, ...value };
    } else {
      merged[key] = value;
    }
  }
  return merged;
}

/** dbt writes some keys with a dash in YAML, and with an underscore in config(). */
function normalized(entries: readonly (readonly [string, unknown])[]): Record<string, unknown> {
  return Object.fromEntries(
    entries.map(([key, value]) => [key === 'grants' ? key : key.replaceAll('-', '_'), value]),
  );
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

function listOf(value: unknown): unknown[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : [value];
}
