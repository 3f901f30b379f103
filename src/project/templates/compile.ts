import { BeltError } from '../../errors.js';
import type { JinjaTemplate } from '../../jinja/jinja.js';
import type { Dict } from '../../jinja/python/values.js';
import { lineOf } from '../faults.js';
import type { ModelNode, ProjectNode, SeedNode, TestNode } from '../nodes.js';
import type { Project } from '../project.js';
import type { Relation } from '../relation.js';
import { type FoundRelation, type TemplateAnswers, templateContext } from './context.js';
import type { Ask } from './database-functions.js';
import { CTE_PREFIX, cteName, isEphemeral, withCtes } from './ephemeral.js';
import { atLine, seedOf } from './explore-model.js';
import { hooksOf } from './hooks.js';
import { newRowsByDefault } from './new-rows.js';
import { graphFacts, nodeFacts } from './node-facts.js';
import { testArguments } from './test-arguments.js';

/** What runs around the building of a node, with all Jinja rendered. */
export interface CompiledHooks {
  /** The last of them is the node's sql_header, if it has one. */
  readonly preHooks: readonly string[];
  readonly postHooks: readonly string[];
  /** The node's sql_header: what writes its rows in transactions of their own repeats it in each. */
  readonly header?: string;
}

/** The SQL of a model, with all Jinja rendered. */
export interface CompiledModel extends CompiledHooks {
  readonly sql: string;
  /** Whether this use of it asks for new_rows(). */
  readonly asksNewRows: boolean;
}

export interface CompileContext {
  readonly isIncremental: boolean;
  readonly fullRefresh: boolean;
  /** What `this` stands for, if not for the model's own relation. */
  readonly target?: Relation | undefined;
  /** The relation that is read in place of a node's own, if another one is. */
  readonly standIn?: ((node: ProjectNode) => Relation | undefined) | undefined;
  /** Queries that stand in for what is read, by unique id: those of a unit test or microbatch. */
  readonly queries?: ReadonlyMap<string, string> | undefined;
  /** Puts what a relation gives into bounds, as microbatch does. */
  readonly bounded?: ((node: ProjectNode, relation: Relation) => string | undefined) | undefined;
  /** The SQL of new_rows(); all rows by default. */
  readonly newRows?: ((relation: Relation) => string) | undefined;
  readonly runStartedAt: Date;
  readonly invocationId: string;
  /** Asks the database for run_query(); left out where there is none. */
  readonly query?: Ask;
  readonly log?: ((message: string, info: boolean) => void) | undefined;
  /** More facts that `model` tells, such as the batch of a microbatch model. */
  readonly facts?: Readonly<Record<string, unknown>> | undefined;
  /** Names above all others, and vars and variables of the environment: those of a unit test. */
  readonly overrides?:
    | { readonly names: Dict; readonly vars: Dict; readonly env: Readonly<Record<string, string>> }
    | undefined;
}

/** Compiles a model for one use. Throws a BeltError with file and line. */
export function compileModel(
  project: Project,
  node: ModelNode,
  context: CompileContext,
): CompiledModel {
  const ctes = new Map<string, string>();
  const own = context.queries?.get('this');
  if (own !== undefined) ctes.set(`${CTE_PREFIX}this`, own);
  let asksNewRows = false;
  const newRows = (relation: Relation) => {
    asksNewRows = true;
    return (context.newRows ?? newRowsByDefault)(relation);
  };
  const sql = compileSql(project, node, { ...context, newRows }, ctes, false);
  return { sql: withCtes(sql, ctes), asksNewRows, ...compileHooks(project, node, context) };
}

/** Compiles what runs around the building of a model or seed. Throws a BeltError with file and line. */
export function compileHooks(
  project: Project,
  node: ModelNode | SeedNode,
  context: CompileContext,
): CompiledHooks {
  const asModel =
    node.resourceType === 'seed' ? { ...inlineNode(project), ...factsOf(node) } : node;
  // as in dbt, hooks see the model's own relation, wherever it is being built
  const scope = scopeOf(project, asModel, { ...context, target: undefined }, new Map());
  const hooks = (key: 'pre_hook' | 'post_hook') =>
    hooksOf(node.config, key).map((text) => {
      const line = lineOf(asModel.rawCode, text.split('\n')[0] ?? '') ?? 1;
      return atLine(node.path, line, () => project.hookTemplate(node.path, text).render(scope));
    });
  const { sql_header: header } = node.config;
  return {
    preHooks: [...hooks('pre_hook'), ...(typeof header === 'string' ? [header] : [])],
    postHooks: hooks('post_hook'),
    ...(typeof header === 'string' ? { header } : {}),
  };
}

/** Of a seed, what its hooks are told of it. */
function factsOf({ uniqueId, name, path, fqn, tags, meta, config, relation }: SeedNode) {
  return { uniqueId, name, path, fqn, tags, meta, config, relation };
}

/** Compiles a data test. Throws a BeltError with file and line. */
export function compileTest(project: Project, node: TestNode, context: CompileContext): string {
  const ctes = new Map<string, string>();
  const scope = scopeOf(project, node, context, ctes);
  const template = templateOf(project, node);
  const attached = project.nodes.get(node.attachedNode ?? '');
  if (node.generic === undefined || attached === undefined) {
    return withCtes(trimmed(template.render(scope)), ctes);
  }
  const { columnName, config } = node;
  const call = {
    arguments: node.generic.arguments,
    columnName,
    node: attached,
    where: config.where,
  };
  const kwargs = testArguments(project.jinja, node.path, call, scope);
  return withCtes(trimmed(template.render({ ...scope, _dbt_generic_test_kwargs: kwargs })), ctes);
}

/** Renders a text with a project's names, such as a hook of a run or an inline query. */
export function compileText(
  project: Project,
  text: string,
  place: string,
  context: CompileContext,
  more: Dict = {},
): string {
  const ctes = new Map<string, string>();
  const scope = scopeOf(project, inlineNode(project), context, ctes);
  return withCtes(trimmed(project.hookTemplate(place, text).render({ ...scope, ...more })), ctes);
}

/** A node that may read everything, for texts that belong to no model. */
function inlineNode(project: Project): ModelNode {
  return {
    resourceType: 'model',
    language: 'sql',
    uniqueId: `sql_operation.${project.name}.inline`,
    name: 'inline',
    path: 'dbt_project.yml',
    fqn: [project.name, 'inline'],
    description: '',
    columns: {},
    tests: [],
    config: { materialized: 'view' },
    tags: [],
    meta: {},
    docs: {},
    relation: { schema: project.target.schema, identifier: 'inline' },
    rawCode: '',
    checksum: '',
    dependsOn: [...project.nodes.keys()],
    refs: [],
    sources: [],
    macros: [],
    usesNewRows: false,
    newRowsOf: [],
    asksIncremental: false,
  };
}

function trimmed(sql: string): string {
  return sql.trim().replace(/;\s*$/, '');
}

/** The SQL of one model; the ephemeral ones that it reads are added to `ctes`. */
function compileSql(
  project: Project,
  node: ModelNode,
  context: CompileContext,
  ctes: Map<string, string>,
  inlined: boolean,
): string {
  const own = inlined
    ? { ...context, isIncremental: false, target: undefined, facts: undefined }
    : context;
  return trimmed(templateOf(project, node).render(scopeOf(project, node, own, ctes)));
}

function templateOf(project: Project, node: ModelNode | TestNode): JinjaTemplate {
  const template = project.templates.get(node.uniqueId);
  if (template !== undefined) return template;
  throw new BeltError(`${node.name} is not a model or data test of the project.`, {
    location: { file: node.path },
    hint: 'Load the project again.',
  });
}

function scopeOf(
  project: Project,
  node: ModelNode | TestNode,
  context: CompileContext,
  ctes: Map<string, string>,
): Record<string, unknown> {
  return templateContext({
    projectName: project.name,
    target: project.target,
    vars: { ...project.vars, ...context.overrides?.vars },
    env: { ...project.env, ...context.overrides?.env },
    answers: answersFor(project, node, context, ctes),
    self: context.target ?? node.relation,
    model: { ...nodeFacts(node), ...context.facts },
    graph: graphFacts(project),
    more: context.overrides?.names,
    isIncremental: context.isIncremental,
    fullRefresh: context.fullRefresh,
    executing: true,
    runStartedAt: context.runStartedAt,
    invocationId: context.invocationId,
  });
}

function answersFor(
  project: Project,
  node: ModelNode | TestNode,
  context: CompileContext,
  ctes: Map<string, string>,
): TemplateAnswers {
  const read = (found: ProjectNode | undefined, what: string): FoundRelation => {
    if (found === undefined || !node.dependsOn.includes(found.uniqueId)) {
      throw notFoundBefore(node, what);
    }
    const { uniqueId } = found;
    const relation = context.standIn?.(found) ?? found.relation;
    const query = context.queries?.get(uniqueId);
    if (query !== undefined) {
      const sql = `${CTE_PREFIX}${found.name}`;
      ctes.set(sql, query);
      return { uniqueId, relation, sql };
    }
    const bounded = context.bounded?.(found, relation);
    if (bounded !== undefined) {
      const sql = `__dbt__batch__${found.name}`;
      ctes.set(sql, bounded);
      return { uniqueId, relation, sql };
    }
    if (found.resourceType !== 'model' || !isEphemeral(found)) return { uniqueId, relation };
    const sql = cteName(found);
    if (!ctes.has(sql)) ctes.set(sql, compileSql(project, found, context, ctes, true));
    return { uniqueId, relation, sql };
  };
  return {
    config: () => undefined,
    configValue: (name) => node.config[name],
    ref: (name) => read(refTarget(project, name), `ref('${name}')`),
    source: (sourceName, table) =>
      read(
        project.nodes.get(`source.${project.name}.${sourceName}.${table}`),
        `source('${sourceName}', '${table}')`,
      ),
    seed: (name) => {
      const seed = project.nodes.get(`seed.${project.name}.${name}`);
      return seedOf(new Map(seed?.resourceType === 'seed' ? [[name, seed]] : []), name);
    },
    newRows: (relation) => (context.newRows ?? newRowsByDefault)(relation),
    query: context.query,
    ...(context.log === undefined ? {} : { log: context.log }),
  };
}

function refTarget(project: Project, name: string): ProjectNode | undefined {
  return (
    project.nodes.get(`model.${project.name}.${name}`) ??
    project.nodes.get(`snapshot.${project.name}.${name}`) ??
    project.nodes.get(`seed.${project.name}.${name}`)
  );
}

/** As in dbt: what only `execute` leads to is not seen while parsing. */
function notFoundBefore(node: { readonly name: string }, what: string): BeltError {
  return new BeltError(`${node.name} reads ${what}, which was not seen while parsing.`, {
    hint: `Name it outside of {% if execute %}, in a comment: -- depends_on: {{ ${what} }}`,
  });
}
