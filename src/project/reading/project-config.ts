import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { BeltError } from '../../errors.js';
import {
  MODEL_CONFIGS,
  SEED_CONFIGS,
  SNAPSHOT_CONFIGS,
  SOURCE_CONFIGS,
  TEST_CONFIGS,
  UNIT_TEST_CONFIGS,
} from '../config-keys.js';
import type { Diagnostics } from '../faults.js';
import { PROJECT_FILE } from './file-keys.js';
import { readFile } from './files.js';
import type { ConfigTree } from './folder-config.js';
import { listOf, type Report, readAs } from './shapes.js';
import { isMap, type RenderYaml, readYaml, type YamlMap } from './yaml-file.js';

/** What dbt_project.yml says, or the defaults where there is none. */
export interface ProjectConfig {
  readonly name: string;
  readonly modelPaths: readonly string[];
  readonly seedPaths: readonly string[];
  readonly macroPaths: readonly string[];
  readonly snapshotPaths: readonly string[];
  readonly testPaths: readonly string[];
  readonly docsPaths: readonly string[];
  /** Where artifacts are written, below the project folder. */
  readonly targetPath: string;
  /** The profile of profiles.yml that says where models are built. */
  readonly profile: string | undefined;
  readonly onRunStart: readonly string[];
  readonly onRunEnd: readonly string[];
  readonly vars: YamlMap;
  /** Configs of folders and nodes below `models:`, `seeds:` and so on. */
  readonly models: ConfigTree;
  readonly seeds: ConfigTree;
  readonly sources: ConfigTree;
  readonly snapshots: ConfigTree;
  readonly dataTests: ConfigTree;
  readonly unitTests: ConfigTree;
  /** Takes what is wrong with dbt_project.yml. */
  readonly report: Report;
}

const FILE = 'dbt_project.yml';

/** The paths that dbt gives a new project, whether they are there or not. */
const USUAL_PATHS = ['models', 'seeds', 'macros', 'snapshots', 'tests'];

/**
 * Reads dbt_project.yml. Undefined where it has faults, which are told to `diagnostics`; or throws
 * a BeltError.
 */
export function readProjectConfig(
  projectDir: string,
  render: RenderYaml,
  diagnostics: Diagnostics,
): ProjectConfig | undefined {
  const file = readFile(projectDir, FILE);
  if (file === undefined && existsSync(join(projectDir, 'dbt_project.yaml'))) {
    const told = 'dbt_project.yaml is not read.';
    throw new BeltError(told, { location: { file: 'dbt_project.yaml' }, hint: `Call it ${FILE}.` });
  }
  const yaml = readYaml(file ?? { path: FILE, text: '' });
  const rendered = Object.fromEntries(
    Object.entries(yaml.value).map(([key, entry]) => [
      key,
      key === 'vars' || key.startsWith('on-run-')
        ? entry
        : render(entry, { file: FILE, line: yaml.lineOf([key]) }),
    ]),
  );
  const report = diagnostics.of(FILE, yaml.lineOf);
  const value = readAs(PROJECT_FILE, rendered, [], report);
  if (value === undefined) return undefined;
  const name = value.name ?? 'belt';
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
    const told = `The project's name ${JSON.stringify(name)} is not an identifier.`;
    throw yaml.fault(told, 'Use letters, digits and underscores.', ['name']);
  }
  if (value.tests && value.data_tests) {
    throw yaml.fault('tests: and data_tests: are one.', 'Merge them into one.', ['tests']);
  }
  const paths = (
    key: `${'model' | 'seed' | 'macro' | 'snapshot' | 'test' | 'docs'}-paths`,
    fallback: readonly string[],
  ) => {
    const given = listOf(value[key]);
    for (const path of given) {
      if (existsSync(join(projectDir, path)) || USUAL_PATHS.includes(path)) continue;
      report.warning([key], `${key} names ${path}, which is not there.`, 'Correct or remove it.');
    }
    return given.length > 0 ? given : fallback;
  };
  const modelPaths = paths('model-paths', ['models']);
  const tree = (key: keyof typeof value, known: ConfigTree['known']): ConfigTree => ({
    key,
    value: (value[key] ?? {}) as YamlMap,
    known,
  });
  const vars = value.vars ?? {};
  const own = vars[name];
  return {
    name,
    modelPaths,
    seedPaths: paths('seed-paths', ['models/seeds', 'seeds']),
    macroPaths: paths('macro-paths', ['macros', 'models/macros']),
    snapshotPaths: paths('snapshot-paths', ['snapshots']),
    testPaths: paths('test-paths', ['tests']),
    docsPaths: paths('docs-paths', [...modelPaths, 'docs']),
    targetPath: value['target-path'] ?? 'target',
    profile: value.profile ?? undefined,
    onRunStart: listOf(value['on-run-start']),
    onRunEnd: listOf(value['on-run-end']),
    // those of this package above those of all packages
    vars: { ...vars, ...(isMap(own) ? own : {}) },
    models: tree('models', MODEL_CONFIGS),
    seeds: tree('seeds', SEED_CONFIGS),
    sources: tree('sources', SOURCE_CONFIGS),
    snapshots: tree('snapshots', SNAPSHOT_CONFIGS),
    dataTests: tree(value.tests ? 'tests' : 'data_tests', TEST_CONFIGS),
    unitTests: tree('unit_tests', UNIT_TEST_CONFIGS),
    report,
  };
}
