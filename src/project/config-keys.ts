import {
  anyCase,
  anything,
  choice,
  configs,
  data,
  dictionary,
  either,
  fixed,
  flag,
  ignored,
  list,
  mapOf,
  refused,
  text,
  texts,
  wholeNumber,
} from './reading/shapes.js';

/**
 * Every config that belt knows, with what it may be. What is not here is no config of belt: it is
 * told once, as a fault where it looks like one that is here.
 */

const INTERVAL = either(text, wholeNumber);

const IN_DATABASE = ignored('it builds in the database that it is connected to');
const QUOTING = ignored('it quotes all names as they stand');
const ACCESS = ignored('any model may read any other');
const STATIC_ANALYSIS = ignored('it checks SQL only by running it');

const GENERAL = {
  enabled: flag,
  tags: texts,
  meta: data,
};

const NAMED = {
  ...GENERAL,
  alias: text,
  schema: text,
  database: IN_DATABASE,
  group: ACCESS,
  static_analysis: STATIC_ANALYSIS,
};

const HOOK = either(
  text,
  dictionary('A hook', {
    sql: text,
    transaction: fixed(flag, true, 'hooks run in the transaction of their model'),
    index: ignored('hooks run in the order in which they stand'),
  }),
);
const HOOKS = either(HOOK, list(HOOK));

const INDEX = {
  columns: texts,
  unique: flag,
  type: choice('btree', 'hash', 'gin', 'gist', 'brin', 'spgist'),
};

export const DOCS = dictionary('docs', { show: flag, node_color: text });

/** Of all that becomes a table or view. */
const BUILT = {
  ...NAMED,
  docs: DOCS,
  grants: mapOf(texts),
  pre_hook: HOOKS,
  post_hook: HOOKS,
  persist_docs: dictionary('persist_docs', { relation: flag, columns: flag }),
  quoting: QUOTING,
  full_refresh: flag,
  event_time: text,
  unlogged: flag,
  indexes: list(
    dictionary('An index', {
      ...INDEX,
      transaction_per_chunk: ignored('it makes an index before there are rows'),
    }),
  ),
};

const constraint = {
  type: choice('not_null', 'unique', 'primary_key', 'foreign_key', 'check', 'custom'),
  expression: text,
  to: refused('it takes foreign keys as texts', "Write expression: 'schema.table (column)'."),
  to_columns: refused('it takes foreign keys as texts', 'Write them in expression:.'),
  warn_unenforced: anything,
  warn_unsupported: anything,
};

export const COLUMN_CONSTRAINTS = list(
  dictionary('A constraint', { ...constraint, name: ignored('PostgreSQL names it') }),
);
export const CONSTRAINTS = list(
  dictionary('A constraint', { ...constraint, name: text, columns: texts }),
);

const SCHEDULE = {
  schedule_interval: INTERVAL,
  initial_start: refused('policies start at once', 'Remove it.'),
  timezone: refused('policies run in UTC', 'Remove it.'),
};

const DIMENSION = either(
  text,
  dictionary('A dimension', {
    column_name: text,
    type: choice('by_range', 'by_hash'),
    partition_interval: INTERVAL,
    number_partitions: wholeNumber,
    partition_func: text,
  }),
);

/** `false` turns a policy off that a folder turned on. */
const off = fixed(flag, false, 'name its settings to turn it on');

const TIMESCALE = {
  main_dimension: DIMENSION,
  time_column_name: text,
  dimensions: list(DIMENSION),
  chunk_time_interval: INTERVAL,
  create_default_indexes: flag,
  empty_hypertable: flag,
  integer_now_func: text,
  integer_now_func_sql: text,
  compression: either(
    off,
    dictionary('compression', {
      after: INTERVAL,
      segmentby: texts,
      orderby: texts,
      chunk_time_interval: INTERVAL,
      ...SCHEDULE,
    }),
  ),
  retention_policy: either(
    either(INTERVAL, off),
    dictionary('retention_policy', { drop_after: INTERVAL, ...SCHEDULE }),
  ),
  reorder_policy: either(
    either(text, off),
    dictionary('reorder_policy', {
      index: either(text, dictionary('The index of reorder_policy', INDEX)),
      create_index: flag,
      initial_start: SCHEDULE.initial_start,
      timezone: SCHEDULE.timezone,
    }),
  ),
  refresh_policy: either(
    off,
    dictionary('refresh_policy', { start_offset: INTERVAL, end_offset: INTERVAL, ...SCHEDULE }),
  ),
  materialized_only: flag,
  create_group_indexes: flag,
  refresh_now: flag,
};

const MATERIALIZATIONS = [
  'view',
  'table',
  'incremental',
  'ephemeral',
  'hypertable',
  'virtual_hypertable',
  'continuous_aggregate',
] as const;

export const MODEL_CONFIGS = configs({
  ...BUILT,
  ...TIMESCALE,
  materialized: choice(...MATERIALIZATIONS),
  contract: dictionary('contract', {
    enforced: flag,
    alias_types: fixed(flag, true, 'types are compared by what PostgreSQL calls them'),
  }),
  constraints: CONSTRAINTS,
  unique_key: texts,
  incremental_strategy: text,
  on_schema_change: text,
  upsert_keeps_when_null: flag,
  merge_update_columns: texts,
  merge_exclude_columns: texts,
  incremental_predicates: texts,
  predicates: texts,
  batch_size: text,
  begin: text,
  lookback: wholeNumber,
  concurrent_batches: ignored('it builds batches one after the other'),
  on_window: choice('rebuild', 'rerun', 'skip'),
  sql_header: text,
  access: ACCESS,
  freshness: ignored('it builds what is selected, however fresh it is'),
  on_configuration_change: ignored('it applies what can be applied, and refuses the rest'),
  column_types: ignored('only seeds have it'),
  packages: ignored('models are SQL'),
});

export const SNAPSHOT_CONFIGS = configs({
  ...BUILT,
  materialized: choice('snapshot'),
  strategy: choice('timestamp', 'check'),
  unique_key: texts,
  updated_at: text,
  check_cols: texts,
  check_exclude_cols: refused('it takes what to check', 'Name the other columns in check_cols.'),
  target_schema: text,
  target_database: IN_DATABASE,
  hard_deletes: choice('ignore', 'invalidate', 'new_record'),
  invalidate_hard_deletes: flag,
  dbt_valid_to_current: text,
  snapshot_meta_column_names: dictionary('snapshot_meta_column_names', {
    dbt_valid_from: text,
    dbt_valid_to: text,
    dbt_scd_id: text,
    dbt_updated_at: text,
    dbt_is_deleted: text,
  }),
  sql_header: text,
});

export const SEED_CONFIGS = configs({
  ...BUILT,
  materialized: choice('seed'),
  column_types: mapOf(text),
  delimiter: text,
  quote_columns: fixed(flag, true, 'columns are named as the header has them'),
  contract: ignored('the columns of a seed are those of its file'),
});

export const TEST_CONFIGS = configs({
  ...NAMED,
  materialized: choice('test'),
  severity: anyCase(choice('warn', 'error')),
  error_if: text,
  warn_if: text,
  fail_calc: text,
  where: text,
  limit: wholeNumber,
  store_failures: flag,
  store_failures_as: choice('table', 'view', 'ephemeral'),
  sql_header: ignored('only models have it'),
});

const THRESHOLD = dictionary('A threshold of freshness', {
  count: wholeNumber,
  period: choice('minute', 'hour', 'day'),
});

export const FRESHNESS = {
  freshness: dictionary('freshness', {
    warn_after: THRESHOLD,
    error_after: THRESHOLD,
    filter: text,
  }),
  loaded_at_field: text,
  loaded_at_query: refused('it asks a column', 'Name the column in loaded_at_field.'),
};

export const SOURCE_CONFIGS = configs({
  ...GENERAL,
  ...FRESHNESS,
  event_time: text,
  quoting: QUOTING,
});

export const UNIT_TEST_CONFIGS = configs({ ...GENERAL, static_analysis: STATIC_ANALYSIS });

const HYPERTABLES = ['hypertable', 'virtual_hypertable'];
const WITH_CHUNKS = [...HYPERTABLES, 'continuous_aggregate'];
const KEEPING_ROWS = ['incremental', 'hypertable'];

/** The materializations that act upon a config; those that are not here are for all. */
const ACTED_UPON_BY: Readonly<Record<string, readonly string[]>> = {
  ...forAll(['hypertable'], 'main_dimension', 'time_column_name', 'dimensions'),
  ...forAll(['hypertable'], 'create_default_indexes', 'empty_hypertable'),
  ...forAll(HYPERTABLES, 'chunk_time_interval', 'integer_now_func', 'integer_now_func_sql'),
  ...forAll(WITH_CHUNKS, 'compression', 'retention_policy', 'reorder_policy'),
  ...forAll(['continuous_aggregate'], 'refresh_policy', 'refresh_now'),
  ...forAll(['continuous_aggregate'], 'materialized_only', 'create_group_indexes'),
  ...forAll(KEEPING_ROWS, 'unique_key', 'incremental_strategy', 'on_schema_change'),
  ...forAll(KEEPING_ROWS, 'merge_update_columns', 'merge_exclude_columns'),
  ...forAll(KEEPING_ROWS, 'incremental_predicates', 'predicates', 'upsert_keeps_when_null'),
  ...forAll(['incremental'], 'batch_size', 'begin', 'lookback'),
  ...forAll(['table', 'incremental'], 'unlogged'),
  ...forAll(['view', 'table', 'incremental', 'hypertable'], 'contract'),
  ...forAll(['table', 'incremental', ...WITH_CHUNKS], 'indexes'),
};

function forAll(materializations: readonly string[], ...keys: readonly string[]) {
  return Object.fromEntries(keys.map((key) => [key, materializations]));
}

/** The materializations that act upon a config, where the given one does not. */
export function otherUsersOf(key: string, materialized: string): readonly string[] | undefined {
  const users = ACTED_UPON_BY[key];
  return users?.includes(materialized) === false ? users : undefined;
}
