import {
  anything,
  choice,
  configs,
  data,
  dictionary,
  each,
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
export const ACCESS = ignored('any model may read any other');
export const IN_DATABASE = ignored('it builds in the database that it is connected to');
export const QUOTING = ignored('it quotes all names as they stand');
const ONLY_OF_OTHERS = ignored('it is for other nodes');

const GENERAL = { enabled: flag, tags: texts, meta: data };

const NAMED = {
  ...GENERAL,
  ...each(text, 'alias', 'schema'),
  database: IN_DATABASE,
  group: ACCESS,
  static_analysis: ignored('it checks SQL only by running it'),
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
  ...each(HOOKS, 'pre_hook', 'post_hook'),
  ...each(flag, 'full_refresh', 'unlogged'),
  docs: DOCS,
  grants: mapOf(texts),
  persist_docs: dictionary('persist_docs', each(flag, 'relation', 'columns')),
  event_time: text,
  quoting: QUOTING,
  indexes: list(
    dictionary(
      'An index',
      {
        ...INDEX,
        transaction_per_chunk: ignored('it makes an index before there are rows'),
      },
      ['columns'],
    ),
  ),
};

const KINDS = ['unique', 'primary_key', 'foreign_key', 'check', 'custom'] as const;
const CONSTRAINT = {
  expression: text,
  ...each(refused('foreign keys are texts', 'Write it in expression:.'), 'to', 'to_columns'),
  ...each(anything, 'warn_unenforced', 'warn_unsupported'),
};
const OF_COLUMN = {
  ...CONSTRAINT,
  type: choice('not_null', ...KINDS),
  name: ignored('PostgreSQL names it'),
};
const OF_TABLE = { ...CONSTRAINT, type: choice(...KINDS), name: text, columns: texts };
export const COLUMN_CONSTRAINTS = list(dictionary('A constraint', OF_COLUMN, ['type']));
export const CONSTRAINTS = list(dictionary('A constraint', OF_TABLE, ['type']));

const START = each(
  refused('policies start at once, in UTC', 'Remove it.'),
  'initial_start',
  'timezone',
);
const SCHEDULE = { schedule_interval: INTERVAL, ...START };

/** `false` turns a policy off that a folder turned on. */
const off = fixed(flag, false, 'name its settings to turn it on');

const DIMENSION = either(
  text,
  dictionary(
    'A dimension',
    {
      ...each(text, 'column_name', 'partition_func'),
      type: choice('by_range', 'by_hash'),
      partition_interval: INTERVAL,
      number_partitions: wholeNumber,
    },
    ['column_name'],
  ),
);

const TIMESCALE = {
  ...each(text, 'time_column_name', 'integer_now_func', 'integer_now_func_sql'),
  ...each(flag, 'create_default_indexes', 'empty_hypertable'),
  ...each(flag, 'materialized_only', 'create_group_indexes', 'refresh_now'),
  main_dimension: DIMENSION,
  dimensions: list(DIMENSION),
  chunk_time_interval: INTERVAL,
  compression: either(
    off,
    dictionary('compression', {
      ...each(INTERVAL, 'after', 'chunk_time_interval'),
      ...each(texts, 'segmentby', 'orderby'),
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
      index: either(text, dictionary('The index of reorder_policy', INDEX, ['columns'])),
      create_index: flag,
      ...START,
    }),
  ),
  refresh_policy: either(
    off,
    dictionary('refresh_policy', { ...each(INTERVAL, 'start_offset', 'end_offset'), ...SCHEDULE }),
  ),
};

const MATERIALIZED = choice(
  ...(['view', 'table', 'incremental', 'ephemeral'] as const),
  ...(['hypertable', 'virtual_hypertable', 'continuous_aggregate'] as const),
);

export const MODEL_CONFIGS = configs({
  ...BUILT,
  ...TIMESCALE,
  materialized: MATERIALIZED,
  contract: dictionary('contract', {
    enforced: flag,
    alias_types: fixed(flag, true, 'types are compared by what PostgreSQL calls them'),
  }),
  constraints: CONSTRAINTS,
  incremental_strategy: choice('append', 'merge', 'delete+insert', 'upsert', 'microbatch'),
  on_schema_change: choice('ignore', 'fail', 'append_new_columns', 'sync_all_columns'),
  batch_size: choice('hour', 'day', 'month', 'year'),
  ...each(text, 'begin', 'sql_header'),
  ...each(texts, 'unique_key', 'merge_update_columns', 'merge_exclude_columns'),
  ...each(texts, 'incremental_predicates', 'predicates'),
  upsert_keeps_when_null: flag,
  parallel_by: text,
  lookback: wholeNumber,
  on_window: choice('rebuild', 'rerun', 'skip'),
  on_query_change: choice('keep', 'rebuild'),
  new_rows: choice('in_slices', 'at_once'),
  access: ACCESS,
  concurrent_batches: ignored('it builds batches one after the other'),
  freshness: ignored('it builds what is selected, however fresh it is'),
  on_configuration_change: ignored('it applies what can be applied, and refuses the rest'),
  ...each(ONLY_OF_OTHERS, 'column_types', 'packages'),
});

export const SNAPSHOT_CONFIGS = configs({
  ...BUILT,
  materialized: choice('snapshot'),
  strategy: choice('timestamp', 'check'),
  ...each(texts, 'unique_key', 'check_cols'),
  ...each(text, 'updated_at', 'target_schema', 'dbt_valid_to_current', 'sql_header'),
  target_database: IN_DATABASE,
  hard_deletes: choice('ignore', 'invalidate', 'new_record'),
  invalidate_hard_deletes: flag,
  check_exclude_cols: refused('it takes what to check', 'Name the other columns in check_cols.'),
  snapshot_meta_column_names: dictionary('snapshot_meta_column_names', {
    ...each(text, 'dbt_valid_from', 'dbt_valid_to', 'dbt_updated_at', 'dbt_scd_id'),
    dbt_is_deleted: text,
  }),
});

export const SEED_CONFIGS = configs({
  ...BUILT,
  materialized: choice('seed'),
  column_types: mapOf(text),
  delimiter: text,
  quote_columns: fixed(flag, true, 'columns are named as the header has them'),
  ...each(ONLY_OF_OTHERS, 'contract', 'unlogged'),
});

export const TEST_CONFIGS = configs({
  ...NAMED,
  materialized: choice('test'),
  severity: choice('warn', 'error', 'WARN', 'ERROR'),
  ...each(text, 'error_if', 'warn_if', 'fail_calc', 'where'),
  limit: wholeNumber,
  store_failures: flag,
  store_failures_as: choice('table', 'view', 'ephemeral'),
  sql_header: ONLY_OF_OTHERS,
});

const THRESHOLD = dictionary(
  'A threshold of freshness',
  { count: wholeNumber, period: choice('minute', 'hour', 'day') },
  ['count', 'period'],
);

export const FRESHNESS = {
  freshness: dictionary('freshness', {
    ...each(THRESHOLD, 'warn_after', 'error_after'),
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

export const UNIT_TEST_CONFIGS = configs({
  ...GENERAL,
  static_analysis: NAMED.static_analysis,
});

const HYPERTABLES = ['hypertable', 'virtual_hypertable'];
const WITH_CHUNKS = [...HYPERTABLES, 'continuous_aggregate'];
const KEEPING_ROWS = ['incremental', 'hypertable'];

/** The materializations that act upon a config; those that are not here are for all. */
const ACTED_UPON_BY: Readonly<Record<string, readonly string[]>> = {
  ...each(['hypertable'], 'main_dimension', 'time_column_name', 'dimensions'),
  ...each(['hypertable'], 'create_default_indexes', 'empty_hypertable'),
  ...each(WITH_CHUNKS, 'chunk_time_interval'),
  ...each(HYPERTABLES, 'integer_now_func', 'integer_now_func_sql'),
  ...each(WITH_CHUNKS, 'compression', 'retention_policy', 'reorder_policy'),
  ...each(['continuous_aggregate'], 'refresh_policy', 'refresh_now'),
  ...each(['continuous_aggregate'], 'materialized_only', 'create_group_indexes'),
  ...each(KEEPING_ROWS, 'unique_key', 'incremental_strategy', 'on_schema_change'),
  ...each(KEEPING_ROWS, 'merge_update_columns', 'merge_exclude_columns'),
  ...each(KEEPING_ROWS, 'incremental_predicates', 'predicates', 'upsert_keeps_when_null'),
  ...each(KEEPING_ROWS, 'parallel_by'),
  ...each(['incremental'], 'batch_size', 'begin', 'lookback', 'on_query_change', 'new_rows'),
  ...each(['table', 'incremental', 'snapshot'], 'unlogged'),
  ...each(['view', 'table', 'incremental', 'hypertable'], 'contract'),
  ...each(['table', 'incremental', 'snapshot', 'seed', ...WITH_CHUNKS], 'indexes'),
};

/** The materializations that act upon a config, where the given one does not. */
export function otherUsersOf(key: string, materialized: string): readonly string[] | undefined {
  const users = ACTED_UPON_BY[key];
  return users?.includes(materialized) === false ? users : undefined;
}
