import { randomUUID } from 'node:crypto';
import type { PoolClient } from 'pg';
import type { ModelNode, ProjectNode, SeedNode } from '../project/nodes.js';
import type { Project } from '../project/project.js';
import { renderRelation } from '../project/relation.js';
import { isEphemeral } from '../project/templates/ephemeral.js';
import { readRelationState } from '../run/batches/ledger.js';
import { pendingWork } from '../run/batches/slices.js';
import { eventTimeOf, type TimeWindow } from '../run/batches/time-window.js';
import { windowBatches } from '../run/batches/window-batches.js';
import { windowWorks } from '../run/batches/window-works.js';
import { materializedOf } from '../run/lineage.js';
import { lossOfRebuild } from '../run/materializations/aggregate-loss.js';
import type { ModelContext } from '../run/materializations/model-context.js';
import { refusedChange, refusedColumns } from '../run/materializations/refusals.js';
import { configChanged, sqlChanged } from '../run/materializations/relation-changes.js';
import { seedChecksum } from '../run/materializations/seed.js';
import { columnsOf, findRelation, type RelationKind } from '../run/relations/catalog.js';
import { modelContext, type NodeRun } from '../run/run-node.js';

/** What a transform would do with a node. */
type PlannedAction =
  | 'create'
  | 'replace'
  | 'alter'
  | 'rebuild'
  | 'update'
  | 'refresh'
  | 'unchanged'
  | 'refused';

export interface PlannedNode {
  readonly uniqueId: string;
  readonly name: string;
  readonly materialized: string;
  readonly action: PlannedAction;
  /** Why, for people. */
  readonly reasons: readonly string[];
  /** Landed batches that it has still to process, or batches of a window. */
  readonly batches: number;
  readonly documents: number;
  readonly readings: number;
  /** Disk that it will take, about; of a rebuild, until the old one is dropped. */
  readonly diskBytes: number;
  /** What to do about a refusal. */
  readonly hint?: string;
}

export interface PlanOptions {
  readonly selected: ReadonlySet<string>;
  readonly fullRefresh: boolean;
  readonly window: TimeWindow | undefined;
}

/** Bytes that a reading takes in the row store, where nothing was measured yet. */
const BYTES_A_READING = 12;

/** Says what `belt transform` would do, and why; what it does to find out is rolled back. */
export async function planTransform(
  client: PoolClient,
  project: Project,
  options: PlanOptions,
): Promise<PlannedNode[]> {
  const run: NodeRun = {
    project,
    command: 'plan',
    flags: [],
    fullRefresh: options.fullRefresh,
    eventTime: {},
    retried: new Map(),
    storeFailures: false,
    signal: new AbortController().signal,
    listener: {
      onWait: () => undefined,
      onStart: () => undefined,
      onNodeStart: () => undefined,
      onProgress: () => undefined,
      onNodeEnd: () => undefined,
    },
    runId: randomUUID(),
    startedAt: new Date(),
    checkpoints: false,
    rebuilt: new Set(),
  };
  await client.query('begin');
  try {
    return options.window === undefined
      ? await planNodes(client, run, options.selected)
      : await planWindow(client, run, options.selected, options.window);
  } finally {
    await client.query('rollback').catch(() => undefined);
  }
}

async function planNodes(
  client: PoolClient,
  run: NodeRun,
  selected: ReadonlySet<string>,
): Promise<PlannedNode[]> {
  const { project } = run;
  const planned = new Map<string, PlannedNode>();
  for (const id of project.order) {
    const node = project.nodes.get(id);
    if (node === undefined || !selected.has(id) || isEphemeral(node)) continue;
    if (node.resourceType === 'seed') planned.set(id, await planSeed(client, node));
    if (node.resourceType !== 'model' && node.resourceType !== 'snapshot') continue;
    const changedAbove = changedUpstream(project, node, planned);
    planned.set(id, await planModel(modelContext(run, client, node), changedAbove));
    if (planned.get(id)?.action === 'rebuild' && node.config.materialized !== 'table') {
      for (const aggregate of modelContext(run, client, node).aggregatesOver) {
        run.rebuilt.add(aggregate.uniqueId);
      }
    }
  }
  return [...planned.values()];
}

/** Names of what a model reads, also through ephemeral models, whose content a change alters. */
function changedUpstream(
  project: Project,
  node: ModelNode,
  planned: ReadonlyMap<string, PlannedNode>,
): string[] {
  return node.dependsOn.flatMap((id) => {
    const found = planned.get(id);
    if (found !== undefined) {
      return ['replace', 'rebuild'].includes(found.action) && found.materialized !== 'table'
        ? [found.name]
        : [];
    }
    const parent = project.nodes.get(id);
    return parent?.resourceType === 'model' && isEphemeral(parent)
      ? changedUpstream(project, parent, planned)
      : [];
  });
}

async function planSeed(client: PoolClient, node: SeedNode): Promise<PlannedNode> {
  const exists = (await findRelation(client, node.relation)) !== undefined;
  const state = await readRelationState(client, node.uniqueId);
  const same = state?.sqlChecksum === seedChecksum(node);
  if (!exists) return plain(node, 'create', ['it is not there yet']);
  return same ? plain(node, 'unchanged', []) : plain(node, 'update', ['the file changed']);
}

function plain(
  node: ProjectNode,
  action: PlannedAction,
  reasons: readonly string[],
  rest: Partial<PlannedNode> = {},
): PlannedNode {
  return {
    uniqueId: node.uniqueId,
    name: node.name,
    materialized: materializedOf(node),
    action,
    reasons,
    batches: 0,
    documents: 0,
    readings: 0,
    diskBytes: 0,
    ...rest,
  };
}

async function planModel(
  context: ModelContext,
  changedAbove: readonly string[],
): Promise<PlannedNode> {
  const { client, node } = context;
  const kind = await findRelation(client, node.relation);
  const state = await readRelationState(client, node.uniqueId);
  const work = await workOf(context, kind === undefined || context.fullRefresh);
  if (kind === undefined) {
    return plain(node, 'create', ['it is not there yet', ...pendingReasons(work)], work);
  }
  const expected = expectedKind(node);
  if (expected !== undefined && kind !== expected && !replaceable(kind, expected)) {
    return plain(node, 'refused', [`it exists as a ${kind.replaceAll('_', ' ')}`], {
      hint: 'Drop or rename the existing object first, or give the model another alias.',
    });
  }
  const refused = context.fullRefresh ? undefined : await refusalOf(context, state);
  if (refused !== undefined) {
    return plain(node, 'refused', [refused.message], { ...work, hint: refused.hint ?? '' });
  }
  const sql = state !== undefined && (await attempt(client, () => sqlChanged(context, state)));
  const changes = [
    ...(state === undefined ? ['belt has not built it before'] : []),
    ...(sql === true ? ['SQL changed'] : []),
    ...(state !== undefined && configChanged(node, state) ? ['config changed'] : []),
    ...changedAbove.map((name) => `upstream ${name} changed`),
  ];
  const size = await sizeOf(client, node);
  switch (materializedOf(node)) {
    case 'view':
      return plain(node, changes.length > 0 ? 'replace' : 'unchanged', changes);
    case 'table':
      return plain(node, 'rebuild', [...changes, 'a table is built anew by each run'], {
        diskBytes: size,
      });
    case 'continuous_aggregate':
      return planAggregate(context, changes, sql === true, work, size);
    default:
      return planGrowing(context, changes, sql === true, work, size);
  }
}

/** What a materialization makes, where another kind of relation would be in its way. */
function expectedKind(node: ModelNode): RelationKind | undefined {
  switch (materializedOf(node)) {
    case 'view':
      return 'view';
    case 'hypertable':
    case 'virtual_hypertable':
      return 'hypertable';
    case 'continuous_aggregate':
      return 'continuous_aggregate';
    default:
      return 'table';
  }
}

function replaceable(kind: RelationKind, expected: RelationKind): boolean {
  return ['view', 'table'].includes(kind) && ['view', 'table'].includes(expected);
}

async function refusalOf(
  context: ModelContext,
  state: Awaited<ReturnType<typeof readRelationState>>,
) {
  const { client, node } = context;
  const refused = refusedChange(node, state);
  if (refused !== undefined || node.config.on_schema_change !== 'sync_all_columns') return refused;
  const removed = await attempt(client, async () => {
    const { sql } = await context.compile(node, { isIncremental: true });
    await client.query(`create temp table belt_planned as\n${sql}\nwith no data`);
    const selected = await columnsOf(client, 'pg_temp.belt_planned');
    await client.query('drop table pg_temp.belt_planned');
    const existing = await columnsOf(client, renderRelation(node.relation));
    return existing.filter(({ name }) => !selected.some((column) => column.name === name));
  });
  return refusedColumns(
    node,
    (removed ?? []).map(({ name }) => name),
  );
}

async function planAggregate(
  context: ModelContext,
  changes: readonly string[],
  sql: boolean,
  work: Work,
  size: number,
): Promise<PlannedNode> {
  const { client, node } = context;
  if (context.rebuilt.has(node.uniqueId)) {
    return plain(node, 'rebuild', ['it is rebuilt with what it reads'], { diskBytes: size });
  }
  if (context.fullRefresh) {
    return plain(node, 'rebuild', [...changes, '--full-refresh'], { ...work, diskBytes: size });
  }
  if (sql) {
    const loss = await attempt(client, () => lossOfRebuild(context));
    if (typeof loss === 'string') {
      return plain(node, 'refused', [...changes, `a rebuild would lose ${loss}`], {
        ...work,
        hint: `Rebuild it all the same with \`belt transform --full-refresh --select ${node.name}+\`; until then it keeps its query.`,
      });
    }
    return plain(node, 'rebuild', changes, { ...work, diskBytes: size });
  }
  if (work.batches > 0) return plain(node, 'refresh', [...changes, ...pendingReasons(work)], work);
  return plain(node, changes.includes('config changed') ? 'alter' : 'unchanged', changes);
}

async function planGrowing(
  context: ModelContext,
  changes: readonly string[],
  sql: boolean,
  work: Work,
  size: number,
): Promise<PlannedNode> {
  const { node } = context;
  if (context.fullRefresh) {
    return plain(node, 'rebuild', [...changes, '--full-refresh'], { ...work, diskBytes: size });
  }
  const told =
    sql && eventTimeOf(node) !== undefined && node.usesNewRows
      ? [...changes, 'rows of before stay as they are until a window or --full-refresh']
      : changes;
  if (work.batches > 0) return plain(node, 'update', [...told, ...pendingReasons(work)], work);
  if (!node.usesNewRows)
    return plain(node, 'update', [...told, 'its query says what is new'], work);
  return plain(node, changes.length > 0 ? 'alter' : 'unchanged', told);
}

type Work = Pick<PlannedNode, 'batches' | 'documents' | 'readings' | 'diskBytes'>;

const NO_WORK: Work = { batches: 0, documents: 0, readings: 0, diskBytes: 0 };

async function workOf(context: ModelContext, everything: boolean): Promise<Work> {
  const { client, node } = context;
  const isAggregate = node.config.materialized === 'continuous_aggregate';
  if (!node.usesNewRows && !(isAggregate && context.readsNewRows)) return NO_WORK;
  const work = await pendingWork(client, node.uniqueId, everything);
  const takesReadings = node.config.materialized === 'hypertable';
  return {
    batches: work.batches.length,
    documents: work.slices.reduce((sum, slice) => sum + slice.responses, 0),
    readings: work.readings,
    diskBytes: takesReadings ? Math.round(work.readings * (await bytesAReading(context))) : 0,
  };
}

function pendingReasons(work: Work): string[] {
  return work.batches === 0
    ? []
    : [`${work.batches} new ${work.batches === 1 ? 'batch' : 'batches'}`];
}

/** What a reading takes in the hypertable so far. */
async function bytesAReading({ client, node }: ModelContext): Promise<number> {
  const { rows } = await client.query<{ readings: string }>(
    `select coalesce(sum(batch.readings), 0) as readings from belt.model_batch as done
      join raw.batch as batch using (batch_id) where done.node = $1`,
    [node.uniqueId],
  );
  const readings = Number(rows[0]?.readings ?? 0);
  const size = readings > 0 ? await sizeOf(client, node) : 0;
  return size > 0 ? size / readings : BYTES_A_READING;
}

async function sizeOf(client: PoolClient, node: ModelNode): Promise<number> {
  const name = renderRelation(node.relation);
  switch (await findRelation(client, node.relation)) {
    case 'hypertable': {
      const { rows } = await client.query<{ size: string | null }>(
        'select hypertable_size($1::regclass) as size',
        [name],
      );
      return Number(rows[0]?.size ?? 0);
    }
    case 'continuous_aggregate': {
      const { rows } = await client.query<{ size: string | null }>(
        `select hypertable_size(format('%I.%I', materialization_hypertable_schema,
            materialization_hypertable_name)::regclass) as size
          from timescaledb_information.continuous_aggregates
          where view_schema = $1 and view_name = $2`,
        [node.relation.schema, node.relation.identifier],
      );
      return Number(rows[0]?.size ?? 0);
    }
    case undefined:
      return 0;
    default: {
      const { rows } = await client.query<{ size: string }>(
        'select pg_total_relation_size($1::regclass) as size',
        [name],
      );
      return Number(rows[0]?.size ?? 0);
    }
  }
}

/** What may fail because something upstream is not there yet; undefined then. */
async function attempt<T>(client: PoolClient, work: () => Promise<T>): Promise<T | undefined> {
  await client.query('savepoint belt_plan');
  try {
    const result = await work();
    await client.query('release savepoint belt_plan');
    return result;
  } catch {
    await client.query('rollback to savepoint belt_plan');
    return undefined;
  }
}

async function planWindow(
  client: PoolClient,
  run: NodeRun,
  selected: ReadonlySet<string>,
  window: TimeWindow,
): Promise<PlannedNode[]> {
  const planned: PlannedNode[] = [];
  const works = windowWorks(run.project, selected, window);
  for (const id of run.project.order) {
    const node = run.project.nodes.get(id);
    const work = works.get(id)?.kind;
    if (node?.resourceType !== 'model' || work === undefined) continue;
    if ((await findRelation(client, node.relation)) === undefined) {
      planned.push(
        plain(node, 'refused', ['it is not there yet'], {
          hint: `Build it first: \`belt transform --select +${node.name}\`.`,
        }),
      );
      continue;
    }
    if (work !== 'rebuild') {
      planned.push(
        plain(node, work === 'refresh' ? 'refresh' : 'update', ['the window is rebuilt'], {
          batches: 1,
        }),
      );
      continue;
    }
    const batches = await windowBatches(client, node.relation, eventTimeOf(node) as string, window);
    const readings = batches.reduce((sum, batch) => sum + batch.readings, 0);
    planned.push(
      plain(node, 'rebuild', ['the window is rebuilt from raw'], {
        batches: batches.length,
        documents: batches.reduce((sum, batch) => sum + batch.responses, 0),
        readings,
        diskBytes: Math.round(
          Math.max(0, ...batches.map((batch) => batch.readings)) *
            (await bytesAReading(modelContext(run, client, node))),
        ),
      }),
    );
  }
  return planned;
}
