import { createJinja, type JinjaTemplate } from '../jinja/jinja.js';
import { cycleFaults, repeatedFaults } from './drafting/check-nodes.js';
import { isEnabled } from './drafting/draft-nodes.js';
import { draftProject, resolveDrafts } from './drafting/draft-project.js';
import { Diagnostics } from './faults.js';
import { topologicalOrder } from './graph.js';
import type { Project } from './project.js';
import { docsBlocks } from './reading/docs-blocks.js';
import { type ProjectConfig, readProjectConfig } from './reading/project-config.js';
import { readProjectFiles } from './reading/project-files.js';
import { readProperties } from './reading/properties.js';
import type { Target } from './target.js';
import { projectContext } from './templates/context.js';
import { projectJinja } from './templates/project-jinja.js';
import { yamlRenderer } from './templates/yaml-jinja.js';

export interface LoadOptions {
  readonly projectDir: string;
  readonly target: Target;
  /** Vars of the command line: above those of dbt_project.yml. */
  readonly vars?: Readonly<Record<string, unknown>>;
  readonly env: NodeJS.ProcessEnv;
}

/** Reads and checks a project. Throws ProjectFaults with all that is wrong with it. */
export function loadProject(options: LoadOptions): Project {
  const { projectDir, target, env } = options;
  const diagnostics = new Diagnostics();
  const config = loadConfig(options, diagnostics);
  const files = diagnostics.attempt(() => readProjectFiles(projectDir, config, diagnostics));
  if (files === undefined) throw diagnostics.failure();
  const vars = { ...config.vars, ...options.vars };
  const project = { projectName: config.name, target, vars, env };
  const jinja = projectJinja(config.name);
  diagnostics.gather(files.macros, (file) => jinja.addMacros(file.path, file.text));
  const blocks = diagnostics.gather(files.docs, docsBlocks).flat();
  const docs = new Map(blocks.map((block) => [block.name, block]));
  repeatedFaults(blocks, ({ name }) => `The docs block ${name}`).forEach(diagnostics.fault);
  const render = yamlRenderer(jinja, projectContext(project));
  const properties = readProperties(files.properties, render, diagnostics, docs);
  const scope = { ...project, jinja, config, properties, diagnostics };
  const drafts = draftProject(scope, files);
  const nodes = resolveDrafts(config.name, drafts, diagnostics.fault);
  const enabled = drafts.models.filter(({ node }) => isEnabled(node));
  const references = new Map(enabled.map((draft) => [draft.node.uniqueId, draft.references]));
  cycleFaults(nodes, (id) => references.get(id) ?? []).forEach(diagnostics.fault);
  const asked = [...drafts.models, ...drafts.tests].flatMap(({ askedConfigs }) => askedConfigs);
  const warnings = diagnostics.finish(new Set(asked));

  const hooks = new Map<string, JinjaTemplate>();
  return {
    name: config.name,
    config,
    warnings,
    jinja,
    macros: jinja.macroTexts(),
    docs,
    projectDir,
    target,
    vars,
    env,
    nodes,
    order: topologicalOrder(nodes),
    templates: new Map(
      [...enabled, ...drafts.tests].map(({ node, template }) => [node.uniqueId, template]),
    ),
    hookTemplate: (path, text) => {
      const key = `${path}\n${text}`;
      const template = hooks.get(key) ?? jinja.compile(path, text);
      hooks.set(key, template);
      return template;
    },
  };
}

/** dbt_project.yml is read before there is a project: only with the vars of the command line. */
export function loadConfig(
  { projectDir, target, vars = {}, env }: LoadOptions,
  diagnostics = new Diagnostics(),
): ProjectConfig {
  const context = projectContext({ projectName: 'belt', target, vars, env });
  const render = yamlRenderer(createJinja(), context);
  const config = diagnostics.attempt(() => readProjectConfig(projectDir, render, diagnostics));
  if (config === undefined) throw diagnostics.failure();
  return config;
}
