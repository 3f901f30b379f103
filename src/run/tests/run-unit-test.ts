import type { ClientBase } from 'pg';
import { inTransaction } from '../../database/transaction.js';
import { BeltError } from '../../errors.js';
import { textTable } from '../../format.js';
import type { Data, Fixture, ModelNode, ProjectNode, UnitTestNode } from '../../project/nodes.js';
import { modelOf, type Project } from '../../project/project.js';
import { inferColumnType } from '../../project/reading/seeds.js';
import { renderRelation } from '../../project/relation.js';
import type { CompileContext } from '../../project/templates/compile.js';
import { CTE_PREFIX } from '../../project/templates/ephemeral.js';
import { type Column, columnsOf, findRelation, selectedColumns } from '../catalog/relations.js';
import type { TestOutcome } from './run-test.js';

/** How the model is compiled for the test. */
export type UnitCompile = Pick<CompileContext, 'queries' | 'overrides' | 'isIncremental'>;

/** Runs a model over given rows, and compares what it makes of them with the expected rows. */
export async function runUnitTest(
  client: ClientBase,
  project: Project,
  node: UnitTestNode,
  compile: (model: ModelNode, use: UnitCompile) => Promise<string>,
): Promise<TestOutcome> {
  const model = modelOf(project, node.modelId);
  const shapeOf = (target: ProjectNode) => columnsOfNode(client, target, compile);
  const queries = await givenQueries(client, project, node, model, shapeOf);
  const { macros, vars, envVars } = node.overrides;
  const sql = await compile(model, {
    isIncremental: macros.is_incremental === true,
    queries,
    overrides: {
      vars,
      env: Object.fromEntries(Object.entries(envVars).map(([key, value]) => [key, String(value)])),
      names: {
        ...Object.fromEntries(Object.entries(macros).map(([name, value]) => [name, () => value])),
        ...(queries.has('this') ? { this: `${CTE_PREFIX}this` } : {}),
      },
    },
  });
  return inTransaction(client, async () => {
    await client.query(`create temp table belt_unit_actual on commit drop as\n${sql}`);
    const columns = await columnsOf(client, 'pg_temp.belt_unit_actual');
    const wanted = expectedColumns(node, columns);
    const list = wanted.map((column) => client.escapeIdentifier(column.name)).join(', ');
    const expected =
      node.expected.sql === undefined
        ? rowsQuery(client, node.expected.rows, wanted)
        : `select ${list} from (\n${node.expected.sql}\n) as expected`;
    const { rows } = await client.query<{ side: string; row: Data }>(
      `with actual as (select ${list} from pg_temp.belt_unit_actual),
        expected as (${expected})
        select 'missing' as side, to_jsonb(difference) as row
        from (select * from expected except all select * from actual) as difference
        union all
        select 'unexpected', to_jsonb(difference)
        from (select * from actual except all select * from expected) as difference`,
    );
    if (rows.length === 0) return { status: 'pass', failures: 0, message: 'PASS' };
    return {
      status: 'fail',
      failures: rows.length,
      message: `${model.name} makes other rows of what is given:\n${differenceText(rows, wanted)}`,
      hint: 'Rows that are missing were expected, and not made; unexpected ones were made.',
    };
  });
}

type ShapeOf = (target: ProjectNode) => Promise<Column[] | undefined>;

/** The columns of what is built, or of a model that could be; undefined where nobody knows them. */
async function columnsOfNode(
  client: ClientBase,
  target: ProjectNode,
  compile: (model: ModelNode, use: UnitCompile) => Promise<string>,
): Promise<Column[] | undefined> {
  const exists = (await findRelation(client, target.relation)) !== undefined;
  if (exists) return columnsOf(client, renderRelation(target.relation));
  if (target.resourceType !== 'model') return undefined;
  try {
    const sql = await compile(target, { isIncremental: false });
    return await inTransaction(client, () => selectedColumns(client, sql));
  } catch {
    return undefined;
  }
}

/** The queries that stand in for what the model reads, by unique id. */
async function givenQueries(
  client: ClientBase,
  project: Project,
  node: UnitTestNode,
  model: ModelNode,
  shapeOf: ShapeOf,
): Promise<Map<string, string>> {
  const queries = new Map<string, string>();
  for (const { input, fixture } of node.given) {
    const target = inputNode(project, input, model);
    if (target === undefined) {
      throw fault(
        node,
        `The unit test ${node.name} gives rows of ${input}, which is no ref, source or this.`,
        "Write input: ref('model'), source('source', 'table') or this.",
      );
    }
    const id = target === model && input.trim() === 'this' ? 'this' : target.uniqueId;
    queries.set(id, await fixtureQuery(client, node, target, fixture, shapeOf));
  }
  for (const id of model.dependsOn) {
    const target = project.nodes.get(id);
    if (queries.has(id) || target === undefined) continue;
    if (target.resourceType === 'seed') {
      queries.set(
        id,
        await fixtureQuery(
          client,
          node,
          target,
          { format: 'csv', sql: undefined, rows: target.rows },
          shapeOf,
        ),
      );
      continue;
    }
    if (target.resourceType === 'model' && target.config.materialized === 'ephemeral') continue;
    throw fault(
      node,
      `The unit test ${node.name} gives no rows of ${target.name}, which ${model.name} reads.`,
      'Give rows of all that the model reads; an empty list is allowed: rows: [].',
    );
  }
  return queries;
}

function inputNode(project: Project, input: string, model: ModelNode): ProjectNode | undefined {
  const text = input.trim();
  if (text === 'this') return model;
  const ref = /^ref\(\s*(?:['"]\w+['"]\s*,\s*)?['"](\w+)['"]\s*\)$/.exec(text)?.[1];
  if (ref !== undefined) {
    return ['model', 'seed', 'snapshot']
      .map((type) => project.nodes.get(`${type}.${project.name}.${ref}`))
      .find((found) => found !== undefined);
  }
  const source = /^source\(\s*['"](\w+)['"]\s*,\s*['"](\w+)['"]\s*\)$/.exec(text);
  if (source === null) return undefined;
  return project.nodes.get(`source.${project.name}.${source[1]}.${source[2]}`);
}

async function fixtureQuery(
  client: ClientBase,
  node: UnitTestNode,
  target: ProjectNode,
  fixture: Fixture,
  shapeOf: ShapeOf,
): Promise<string> {
  if (fixture.sql !== undefined) return fixture.sql;
  const known = await shapeOf(target);
  const named = [...new Set(fixture.rows.flatMap((row) => Object.keys(row)))];
  const stray = named.find(
    (name) => known !== undefined && !known.some((column) => column.name === name),
  );
  if (stray !== undefined) {
    throw fault(
      node,
      `The unit test ${node.name} gives a column ${stray} of ${target.name}, which has none of this name.`,
      `Its columns are ${known?.map((column) => column.name).join(', ')}.`,
    );
  }
  const columns = known ?? named.map((name) => ({ name, type: guessType(fixture, name) }));
  if (columns.length === 0) {
    throw fault(
      node,
      `The columns of ${target.name} are not known: it has not been built, and no rows are given.`,
      `Build it first with \`belt run --select ${target.name}\`, or give a row.`,
    );
  }
  return rowsQuery(client, fixture.rows, columns);
}

/** The type of a column of CSV rows, where no relation tells it; other rows have typed values. */
function guessType({ format, rows }: Fixture, name: string): string {
  if (format !== 'csv') return '';
  return inferColumnType(rows.map((row) => (row[name] ?? null) as string | null));
}

function expectedColumns(node: UnitTestNode, actual: readonly Column[]): Column[] {
  const names = [...new Set(node.expected.rows.flatMap((row) => Object.keys(row)))];
  if (names.length === 0) return [...actual];
  return names.map((name) => {
    const column = actual.find((one) => one.name === name);
    if (column !== undefined) return column;
    throw fault(
      node,
      `The unit test ${node.name} expects a column ${name}, which the model does not make.`,
      `Its columns are ${actual.map((one) => one.name).join(', ')}.`,
    );
  });
}

/** Rows as a query, each value cast to the type of its column where that is known. */
function rowsQuery(client: ClientBase, rows: readonly Data[], columns: readonly Column[]): string {
  const select = (row: Data) =>
    columns
      .map(({ name, type }) => {
        const value = literalOf(client, row[name]);
        return `${type === '' ? value : `cast(${value} as ${type})`} as ${client.escapeIdentifier(name)}`;
      })
      .join(', ');
  if (rows.length === 0) return `select ${select({})} where false`;
  return rows.map((row) => `select ${select(row)}`).join('\nunion all\n');
}

function literalOf(client: ClientBase, value: unknown): string {
  if (value === undefined || value === null) return 'null';
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (value instanceof Date) return client.escapeLiteral(value.toISOString());
  return client.escapeLiteral(typeof value === 'string' ? value : JSON.stringify(value));
}

function differenceText(
  rows: readonly { readonly side: string; readonly row: Data }[],
  columns: readonly Column[],
): string {
  const names = columns.map((column) => column.name);
  return textTable(
    ['', ...names],
    rows
      .slice(0, 20)
      .map(({ side, row }) => [side, ...names.map((name) => JSON.stringify(row[name] ?? null))]),
  );
}

function fault(node: UnitTestNode, message: string, hint: string): BeltError {
  return new BeltError(message, { location: { file: node.path, line: node.line }, hint });
}
