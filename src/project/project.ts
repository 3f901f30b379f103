import { BeltError } from '../errors.js';
import type { Jinja, JinjaTemplate, MacroText } from '../jinja/jinja.js';
import type { ModelNode, ProjectNode } from './nodes.js';
import type { DocsBlock } from './reading/docs-blocks.js';
import type { ProjectConfig } from './reading/project-config.js';
import type { Target } from './target.js';

/** The node of a unique id that the project itself has given. */
export function nodeOf({ nodes }: Pick<Project, 'nodes'>, uniqueId: string): ProjectNode {
  const node = nodes.get(uniqueId);
  if (node !== undefined) return node;
  throw new BeltError(`The project has no node ${uniqueId}.`, {
    hint: 'This is a fault of belt itself: please report it.',
  });
}

/** The model or snapshot of a unique id that the project itself has given. */
export function modelOf(project: Pick<Project, 'nodes'>, uniqueId: string): ModelNode {
  const node = nodeOf(project, uniqueId);
  if (node.resourceType === 'model' || node.resourceType === 'snapshot') return node;
  throw new BeltError(`${uniqueId} is no model.`, {
    hint: 'This is a fault of belt itself: please report it.',
  });
}

/** A project as read from its files, checked as a whole. */
export interface Project {
  readonly name: string;
  readonly projectDir: string;
  /** What dbt_project.yml says. */
  readonly config: ProjectConfig;
  /** What belt does not act upon, though it can run: told once, each with its place. */
  readonly warnings: readonly BeltError[];
  readonly jinja: Jinja;
  readonly macros: readonly MacroText[];
  /** By name. */
  readonly docs: ReadonlyMap<string, DocsBlock>;
  readonly target: Target;
  readonly vars: Readonly<Record<string, unknown>>;
  readonly env: NodeJS.ProcessEnv;
  /** Every node by its unique id. */
  readonly nodes: ReadonlyMap<string, ProjectNode>;
  /** Unique ids of all but sources, each after all that it reads; ties in the order of paths. */
  readonly order: readonly string[];
  /** Of each model, snapshot and data test, compiled once. */
  readonly templates: ReadonlyMap<string, JinjaTemplate>;
  /** Compiles a text of a model's config, such as a hook, each text once. */
  hookTemplate(path: string, text: string): JinjaTemplate;
}
