import {
  ACCESS,
  COLUMN_CONSTRAINTS,
  CONSTRAINTS,
  DOCS,
  FRESHNESS,
  IN_DATABASE,
  MODEL_CONFIGS,
  QUOTING,
  SEED_CONFIGS,
  SNAPSHOT_CONFIGS,
  SOURCE_CONFIGS,
  UNIT_TEST_CONFIGS,
} from '../config-keys.js';
import {
  anything,
  choice,
  configs,
  data,
  dictionary,
  digits,
  each,
  either,
  flag,
  ignored,
  list,
  refused,
  text,
  texts,
  wholeNumber,
} from './shapes.js';

/** Every key that a YAML file of a project may have, with what it may be. */

const SEMANTIC = ignored('it has no semantic layer');
const TOLD_ONLY = ignored('it tells of what others make of the models');
const VERSIONS = refused('it has one version of a model', 'Make each version a model of its own.');
const FUNCTIONS = refused('it makes no functions', 'Make them in on-run-start.');
const RENAMED = refused('it has another name today', 'Call it model-paths, or seed-paths.');

const TESTS = list(either(text, data));

const DESCRIBED = {
  ...each(text, 'name', 'description'),
  ...each(TESTS, 'tests', 'data_tests'),
  meta: data,
  tags: texts,
};

const COLUMN = dictionary('A column', {
  ...DESCRIBED,
  data_type: text,
  quote: flag,
  constraints: COLUMN_CONSTRAINTS,
  config: configs({ meta: data, tags: texts }),
  docs: DOCS,
  ...each(SEMANTIC, 'granularity', 'dimension', 'entity'),
  policy_tags: ignored('they are of BigQuery'),
});

const NODE = { ...DESCRIBED, columns: list(COLUMN), docs: DOCS, group: ACCESS };

export const MODEL = dictionary('A model', {
  ...NODE,
  config: MODEL_CONFIGS,
  constraints: CONSTRAINTS,
  access: ACCESS,
  ...each(VERSIONS, 'versions', 'latest_version'),
  deprecation_date: ignored('it does not tell of models that will go'),
  time_spine: SEMANTIC,
});

export const SEED = dictionary('A seed', { ...NODE, config: SEED_CONFIGS });

export const SNAPSHOT = dictionary('A snapshot', {
  ...NODE,
  config: SNAPSHOT_CONFIGS,
  relation: text,
});

const OF_SOURCES = {
  ...DESCRIBED,
  ...FRESHNESS,
  config: SOURCE_CONFIGS,
  loader: anything,
  quoting: QUOTING,
};

const TABLE = dictionary('A table of a source', {
  ...OF_SOURCES,
  identifier: text,
  columns: list(COLUMN),
  docs: DOCS,
  external: ignored('others make the tables of sources'),
});

export const SOURCE = dictionary('A source', {
  ...OF_SOURCES,
  ...each(ignored('tests belong to its tables'), 'tests', 'data_tests'),
  database: IN_DATABASE,
  schema: text,
  tables: list(TABLE),
  overrides: refused('it has no packages', 'Remove it.'),
});

export const ROWS = {
  format: choice('dict', 'csv', 'sql'),
  rows: either(text, list(data)),
  fixture: text,
};

export const UNIT_TEST = dictionary('A unit test', {
  ...each(text, 'name', 'description', 'model'),
  given: list(dictionary('An input of a unit test', { input: text, ...ROWS })),
  expect: dictionary('The expect of a unit test', ROWS),
  overrides: dictionary('overrides', each(data, 'macros', 'vars', 'env_vars')),
  config: UNIT_TEST_CONFIGS,
  tags: texts,
  versions: VERSIONS,
});

export const PROPERTIES_FILE = dictionary('A file of properties', {
  ...each(list(anything), 'models', 'seeds', 'snapshots', 'sources', 'unit_tests'),
  ...each(anything, 'version', 'anchors'),
  ...each(TOLD_ONLY, 'analyses', 'exposures'),
  ...each(SEMANTIC, 'metrics', 'semantic_models', 'saved_queries'),
  groups: ACCESS,
  macros: ignored('macros are known by their text'),
  data_tests: ignored('singular tests have their configs in their files'),
  functions: FUNCTIONS,
});

export const PROJECT_FILE = dictionary('dbt_project.yml', {
  ...each(text, 'name', 'profile', 'target-path'),
  ...each(texts, 'model-paths', 'seed-paths', 'macro-paths', 'snapshot-paths'),
  ...each(texts, 'test-paths', 'docs-paths', 'on-run-start', 'on-run-end'),
  vars: data,
  // what stands in these is checked where the nodes are known that it is for
  ...each(data, 'models', 'seeds', 'sources', 'snapshots', 'tests', 'data_tests', 'unit_tests'),
  ...each(anything, 'version', 'config-version', 'require-dbt-version', 'clean-targets'),
  ...each(anything, 'analysis-paths', 'asset-paths', 'function-paths', 'log-path'),
  ...each(anything, 'packages-install-path', 'dbt-cloud', 'sync'),
  ...each(TOLD_ONLY, 'analyses', 'exposures'),
  ...each(SEMANTIC, 'metrics', 'semantic-models', 'saved-queries'),
  ...each(RENAMED, 'source-paths', 'data-paths'),
  functions: FUNCTIONS,
  quoting: QUOTING,
  'restrict-access': ACCESS,
  dispatch: ignored('macros are looked up in this project alone'),
  flags: ignored('its options are those of the command line'),
  'query-comment': ignored('it adds no comments to what it asks the database'),
});

export const SELECTORS_FILE = dictionary('selectors.yml', {
  version: anything,
  selectors: list(
    dictionary('A selector', {
      ...each(text, 'name', 'description'),
      default: flag,
      definition: either(text, data),
    }),
  ),
});

export const CRITERION = dictionary('A criterion', {
  method: text,
  value: either(text, either(wholeNumber, flag)),
  ...each(flag, 'parents', 'children', 'childrens_parents'),
  ...each(wholeNumber, 'parents_depth', 'children_depth'),
  exclude: list(anything),
  indirect_selection: refused('one says it for all', 'Use --indirect-selection.'),
});

export const PROFILE = dictionary('A profile', { target: text, outputs: data });

export const OUTPUT = dictionary('A target', {
  ...each(text, 'type', 'host', 'user', 'dbname', 'database', 'schema', 'role', 'search_path'),
  ...each(text, 'sslmode', 'sslcert', 'sslkey', 'sslrootcert', 'application_name'),
  ...each(either(digits, wholeNumber), 'port', 'threads'),
  ...each(either(text, wholeNumber), 'password', 'pass'),
  ...each(wholeNumber, 'connect_timeout', 'keepalives_idle'),
  retries: ignored('it connects once, and says what is wrong'),
  autocommit: ignored('it builds each model in a transaction'),
});
