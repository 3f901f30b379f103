/**
 * SQL for the policies of a database: their jobs, by the relations that people know, and that of raw. Times of runs
 * are those of the background workers.
 */
export const POLICIES = `(
  select job.job_id, job.proc_name as procedure, job.scheduled, job.schedule_interval, job.initial_start, job.config,
    coalesce(aggregate.view_schema, job.hypertable_schema, job.proc_schema) as relation_schema,
    coalesce(aggregate.view_name, job.hypertable_name, job.proc_schema) as relation,
    nullif(stats.last_run_started_at, '-infinity') as last_run_at,
    lower(stats.last_run_status) as last_status,
    case when isfinite(stats.next_start) then stats.next_start end as next_run_at
  from timescaledb_information.jobs as job
  left join timescaledb_information.job_stats as stats on stats.job_id = job.job_id
  left join timescaledb_information.continuous_aggregates as aggregate
    on aggregate.materialization_hypertable_schema = job.hypertable_schema
    and aggregate.materialization_hypertable_name = job.hypertable_name
  where job.hypertable_name is not null or (job.proc_schema, job.proc_name) = ('raw', 'run_life_cycle')
)`;
