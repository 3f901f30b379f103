import { BeltError } from '../errors.js';
import { cteName, isEphemeral, withCtes } from './ephemeral.js';
import { atLine, seedRowsOf } from './explore-model.js';
import { lineOf } from './faults.js';
import { hooksOf } from './hooks.js';
import { type FoundRelation, type TemplateAnswers, templateContext } from './jinja-context.js';
import { newRowsByDefault } from './new-rows.js';
import type { ModelNode, ProjectNode } from './nodes.js';
import type { Project } from './project.js';
import type { Relation } from './relation.js';

/** The SQL of a model, with all Jinja rendered. */
export interface CompiledModel {
  readonly sql: string;
  readonly preHooks: readonly string[];
  readonly postHooks: readonly string[];
}

export interface CompileContext {
  readonly isIncremental: boolean;
  readonly fullRefresh: boolean;
  /** What `this` stands for, if not for the model's own relation; also under the name `target`. */
  readonly thisRelation?: Relation | undefined;
  readonly target?: Relation | undefined;
  /** Where a node is read instead of its own relation; undefined for its own. */
  readonly relationOf?: ((node: ProjectNode) => Relation | undefined) | undefined;
  /** The same as a list: relations that stand in for those of other models, by unique id. */
  readonly shadows?: ReadonlyMap<string, Relation> | undefined;
  /** The SQL of new_rows(); all rows by default. */
  readonly newRows?: ((relation: Relation) => string) | undefined;
  readonly runStartedAt: Date;
  readonly invocationId: string;
}

/** Compiles a model for one use. Throws a BeltError with file and line. */
export function compileModel(
  project: Project,
  node: ModelNode,
  context: CompileContext,
): CompiledModel {
  const ctes = new Map<string, string>();
  const sql = compileSql(project, node, context, ctes, false);
  const scope = scopeOf(project, node, context, new Map());
  const hooks = (key: 'pre_hook' | 'post_hook') =>
    hooksOf(node.config, key).map((text) => {
      const line = lineOf(node.rawCode, text.split('\n')[0] ?? '') ?? 1;
      return atLine(node.path, line, () => project.hookTemplate(node.path, text).render(scope));
    });
  return {
    sql: withCtes(sql, ctes),
    preHooks: hooks('pre_hook'),
    postHooks: hooks('post_hook'),
  };
}

/** The SQL of one model; the ephemeral ones that it reads are added to `ctes`. */
function compileSql(
  project: Project,
  node: ModelNode,
  context: CompileContext,
  ctes: Map<string, string>,
  inlined: boolean,
): string {
  const template = project.templates.get(node.uniqueId);
  if (template === undefined) {
    throw new BeltError(`${node.name} is not a model of the project.`, {
      location: { file: node.path },
      hint: 'Load the project again.',
    });
  }
  const own = inlined
    ? { ...context, isIncremental: false, thisRelation: undefined, target: undefined }
    : context;
  return template
    .render(scopeOf(project, node, own, ctes))
    .trim()
    .replace(/;\s*$/, '');
}

function scopeOf(
  project: Project,
  node: ModelNode,
  context: CompileContext,
  ctes: Map<string, string>,
): Record<string, unknown> {
  return templateContext({
    projectName: project.name,
    target: project.target,
    vars: project.vars,
    env: project.env,
    answers: answersFor(project, node, context, ctes),
    self: context.thisRelation ?? context.target ?? node.relation,
    model: modelFacts(node),
    isIncremental: context.isIncremental,
    fullRefresh: context.fullRefresh,
    executing: true,
    runStartedAt: context.runStartedAt,
    invocationId: context.invocationId,
  });
}

/** What Jinja's `model` tells, by dbt's names. */
function modelFacts(node: ModelNode): Record<string, unknown> {
  return {
    name: node.name,
    unique_id: node.uniqueId,
    resource_type: node.resourceType,
    alias: node.relation.identifier,
    schema: node.relation.schema,
    path: node.path,
    original_file_path: node.path,
    description: node.description,
    config: node.config,
    tags: [...node.tags],
    meta: node.meta,
    columns: Object.fromEntries(
      Object.values(node.columns).map(({ name, description, dataType }) => [
        name,
        { name, description, data_type: dataType ?? null },
      ]),
    ),
    depends_on: { nodes: [...node.dependsOn] },
    raw_code: node.rawCode,
    checksum: { name: 'sha256', checksum: node.checksum },
  };
}

function answersFor(
  project: Project,
  node: ModelNode,
  context: CompileContext,
  ctes: Map<string, string>,
): TemplateAnswers {
  const read = (found: ProjectNode | undefined, what: string): FoundRelation => {
    if (found === undefined || !node.dependsOn.includes(found.uniqueId)) {
      throw notFoundBefore(node, what);
    }
    const { uniqueId } = found;
    const relation =
      context.relationOf?.(found) ?? context.shadows?.get(uniqueId) ?? found.relation;
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
    seedRows: (name) => {
      const seed = project.nodes.get(`seed.${project.name}.${name}`);
      return seedRowsOf(new Map(seed?.resourceType === 'seed' ? [[name, seed]] : []), name);
    },
    newRows: (relation) => (context.newRows ?? newRowsByDefault)(relation),
  };
}

function refTarget(project: Project, name: string): ProjectNode | undefined {
  return (
    project.nodes.get(`model.${project.name}.${name}`) ??
    project.nodes.get(`seed.${project.name}.${name}`)
  );
}

/** As in dbt: what only `execute` leads to is not seen while parsing. */
function notFoundBefore(node: ModelNode, what: string): BeltError {
  return new BeltError(`${node.name} reads ${what}, which was not seen while parsing.`, {
    hint: `Name it outside of {% if execute %}, in a comment: -- depends_on: {{ ${what} }}`,
  });
}
