import {
  COLUMN_CONSTRAINTS,
  CONSTRAINTS,
  DOCS,
  FRESHNESS,
  MODEL_CONFIGS,
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

const ACCESS = ignored('any model may read any other');
const SEMANTIC = ignored('it has no semantic layer');
const TOLD_ONLY = ignored('it tells of what others make of the models');
const IN_DATABASE = ignored('it reads and builds in the database that it is connected to');
const QUOTING = ignored('it quotes all names as they stand');
const VERSIONS = refused('it has one version of a model', 'Make each version a model of its own.');

const TESTS = list(either(text, data));

const DESCRIBED = {
  name: text,
  description: text,
  tests: TESTS,
  data_tests: TESTS,
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
  granularity: SEMANTIC,
  dimension: SEMANTIC,
  entity: SEMANTIC,
  policy_tags: ignored('they are of BigQuery'),
});

const NODE = { ...DESCRIBED, columns: list(COLUMN), docs: DOCS, group: ACCESS };

export const MODEL = dictionary('A model', {
  ...NODE,
  config: MODEL_CONFIGS,
  constraints: CONSTRAINTS,
  access: ACCESS,
  versions: VERSIONS,
  latest_version: VERSIONS,
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

export const SOURCE = dictionary('A source', {
  ...OF_SOURCES,
  database: IN_DATABASE,
  schema: text,
  overrides: refused('it has no packages', 'Remove it.'),
  tables: list(
    dictionary('A table of a source', {
      ...OF_SOURCES,
      identifier: text,
      columns: list(COLUMN),
      docs: DOCS,
      external: ignored('others make the tables of sources'),
    }),
  ),
});

export const ROWS = {
  format: choice('dict', 'csv', 'sql'),
  rows: either(text, list(data)),
  fixture: text,
};

export const UNIT_TEST = dictionary('A unit test', {
  name: text,
  description: text,
  model: text,
  given: list(dictionary('An input of a unit test', { input: text, ...ROWS })),
  expect: dictionary('The expect of a unit test', ROWS),
  overrides: dictionary('overrides', { macros: data, vars: data, env_vars: data }),
  config: UNIT_TEST_CONFIGS,
  tags: texts,
  versions: VERSIONS,
});

const ENTRIES = list(anything);

export const PROPERTIES_FILE = dictionary('A file of properties', {
  version: anything,
  models: ENTRIES,
  seeds: ENTRIES,
  snapshots: ENTRIES,
  sources: ENTRIES,
  unit_tests: ENTRIES,
  anchors: anything,
  analyses: TOLD_ONLY,
  exposures: TOLD_ONLY,
  macros: ignored('macros are known by their text'),
  data_tests: ignored('singular tests have their configs in their files'),
  functions: refused('it makes no functions', 'Make them in on-run-start.'),
  groups: ACCESS,
  metrics: SEMANTIC,
  semantic_models: SEMANTIC,
  saved_queries: SEMANTIC,
});

/** The configs of folders below `models:` and the like are checked where their nodes are known. */
const TREE = data;

export const PROJECT_FILE = dictionary('dbt_project.yml', {
  name: text,
  version: anything,
  'config-version': anything,
  'require-dbt-version': anything,
  profile: text,
  'model-paths': texts,
  'seed-paths': texts,
  'macro-paths': texts,
  'snapshot-paths': texts,
  'test-paths': texts,
  'docs-paths': texts,
  'analysis-paths': anything,
  'asset-paths': anything,
  'function-paths': anything,
  'target-path': text,
  'log-path': anything,
  'packages-install-path': anything,
  'clean-targets': anything,
  'on-run-start': texts,
  'on-run-end': texts,
  vars: data,
  models: TREE,
  seeds: TREE,
  sources: TREE,
  snapshots: TREE,
  tests: TREE,
  data_tests: TREE,
  unit_tests: TREE,
  'source-paths': refused('it has another name today', 'Call it model-paths.'),
  'data-paths': refused('it has another name today', 'Call it seed-paths.'),
  functions: refused('it makes no functions', 'Make them in on-run-start.'),
  quoting: QUOTING,
  dispatch: ignored('macros are looked up in this project alone'),
  flags: ignored('its options are those of the command line'),
  'query-comment': ignored('it adds no comments to what it asks the database'),
  'restrict-access': ACCESS,
  'dbt-cloud': anything,
  sync: anything,
  analyses: TOLD_ONLY,
  exposures: TOLD_ONLY,
  metrics: SEMANTIC,
  'semantic-models': SEMANTIC,
  'saved-queries': SEMANTIC,
});

export const SELECTORS_FILE = dictionary('selectors.yml', {
  version: anything,
  selectors: list(
    dictionary('A selector', {
      name: text,
      description: text,
      default: flag,
      definition: either(text, data),
    }),
  ),
});

export const CRITERION = dictionary('A criterion', {
  method: text,
  value: either(text, either(wholeNumber, flag)),
  parents: flag,
  parents_depth: wholeNumber,
  children: flag,
  children_depth: wholeNumber,
  childrens_parents: flag,
  exclude: list(anything),
  indirect_selection: refused('one says it for all', 'Use --indirect-selection.'),
});

export const PROFILE = dictionary('A profile', { target: text, outputs: data });

const DIGITS = either(digits, wholeNumber);

export const OUTPUT = dictionary('A target', {
  type: text,
  host: text,
  port: DIGITS,
  user: text,
  password: either(text, wholeNumber),
  pass: either(text, wholeNumber),
  dbname: text,
  database: text,
  schema: text,
  threads: DIGITS,
  sslmode: text,
  sslcert: text,
  sslkey: text,
  sslrootcert: text,
  application_name: text,
  connect_timeout: wholeNumber,
  keepalives_idle: wholeNumber,
  search_path: text,
  role: text,
  retries: ignored('it connects once, and says what is wrong'),
  autocommit: ignored('it builds each model in a transaction'),
});
