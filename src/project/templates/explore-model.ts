import { didYouMean } from '../../did-you-mean.js';
import { BeltError } from '../../errors.js';
import type { Jinja, JinjaTemplate } from '../../jinja/jinja.js';
import type { Dict } from '../../jinja/python/values.js';
import { lineOf } from '../faults.js';
import type { SeedNode } from '../nodes.js';
import type { ProjectFile } from '../reading/files.js';
import { mergeConfig } from '../reading/folder-config.js';
import type { Reference } from '../references.js';
import type { Relation } from '../relation.js';
import { type ProjectScope, type TemplateAnswers, templateContext } from './context.js';
import { hooksOf } from './hooks.js';
import { newRowsByDefault } from './new-rows.js';

/** What a model's text asks of the project. */
export interface ModelFindings {
  /** The configs of outside, with those of config() over them. */
  readonly config: Record<string, unknown>;
  /** What config() itself says, in either rendering. */
  readonly ownConfig: Readonly<Record<string, unknown>>;
  /** Configs that are asked for by config.get() and config.require(). */
  readonly askedConfigs: readonly string[];
  readonly references: readonly Reference[];
  /** What new_rows() was asked for: the relation's key, `source:a.b` or `ref:name`. */
  readonly newRowsOf: readonly string[];
  readonly asksIncremental: boolean;
  /** Macros of the project that it calls. */
  readonly macros: readonly string[];
}

/** What is needed to explore the models of a project. */
export interface ExploreScope extends ProjectScope {
  readonly jinja: Jinja;
  readonly seedsByName: ReadonlyMap<string, SeedNode>;
}

/** Renders a model and its hooks to find what they ask for. Throws a BeltError with file and line. */
export function exploreModel(
  scope: ExploreScope,
  template: JinjaTemplate,
  file: ProjectFile,
  name: string,
  outer: Readonly<Record<string, unknown>>,
  self: Relation,
): ModelFindings {
  const found = explore(scope, template, name, outer, self);
  const references = [...found.references];
  for (const hook of [
    ...hooksOf(found.config, 'pre_hook'),
    ...hooksOf(found.config, 'post_hook'),
  ]) {
    const line = lineOf(file.text, hook.split('\n')[0] ?? '') ?? 1;
    const inHook = atLine(file.path, line, () =>
      explore(scope, scope.jinja.compile(file.path, hook), name, found.config, self),
    );
    references.push(
      ...inHook.references.map((reference) =>
        reference.place.file === file.path
          ? { ...reference, place: { file: file.path, line } }
          : reference,
      ),
    );
  }
  return { ...found, references };
}

/** A hook's faults count lines from its own start: they are told at the line of the model. */
export function atLine<T>(file: string, line: number, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof BeltError) || error.location.file !== file) throw error;
    throw error.at({ file, line }, { message: `In a hook: ${error.message}` });
  }
}

/**
 * Renders once as a first run and once as an incremental one, since either branch may read what the
 * other does not; the config is that of the first.
 */
export function explore(
  scope: ExploreScope,
  template: JinjaTemplate,
  name: string,
  outer: Readonly<Record<string, unknown>>,
  self: Relation,
  more: (context: Dict) => Dict = () => ({}),
): ModelFindings {
  const references = new Map<string, Reference>();
  const newRowsOf = new Set<string>();
  const macros = new Set<string>();
  const askedConfigs = new Set<string>();
  let ownConfig: Readonly<Record<string, unknown>> = {};
  let asksIncremental = false;
  const add = (reference: Reference) => {
    const key = JSON.stringify(reference);
    if (!references.has(key)) references.set(key, reference);
  };
  const explored = (isIncremental: boolean) => {
    let own: Record<string, unknown> = {};
    const answers: TemplateAnswers = {
      config: (values) => {
        own = { ...own, ...values };
      },
      configValue: (key) => {
        askedConfigs.add(key);
        return mergeConfig(outer, own)[key];
      },
      ref: (model, packageName, place) => {
        add({ kind: 'ref', name: model, package: packageName, place });
        const relation = { schema: scope.target.schema, identifier: model };
        return { uniqueId: `ref:${model}`, relation };
      },
      source: (sourceName, table, place) => {
        add({ kind: 'source', sourceName, name: table, place });
        const relation = { schema: sourceName, identifier: table };
        return { uniqueId: `source:${sourceName}.${table}`, relation };
      },
      seed: (name, place) => {
        const seed = seedOf(scope.seedsByName, name);
        add({ kind: 'ref', name, package: undefined, place });
        return seed;
      },
      newRows: (relation, key) => {
        newRowsOf.add(key);
        return newRowsByDefault(relation);
      },
    };
    const context = templateContext({
      ...scope,
      answers,
      self,
      model: { name, unique_id: `model.${scope.projectName}.${name}`, config: outer },
      graph: { nodes: {}, sources: {} },
      isIncremental,
      fullRefresh: false,
      executing: false,
      runStartedAt: new Date(0),
      invocationId: '00000000-0000-0000-0000-000000000000',
    });
    const asked = {
      is_incremental: () => {
        asksIncremental = true;
        return isIncremental;
      },
    };
    const whole = { ...context, ...asked };
    template.render({ ...whole, ...more(whole) }, (macro) => macros.add(macro));
    ownConfig = { ...own, ...ownConfig };
    return mergeConfig(outer, own);
  };
  const config = explored(false);
  // who does not ask is told the same
  if (asksIncremental) explored(true);
  return {
    config,
    ownConfig,
    askedConfigs: [...askedConfigs],
    references: [...references.values()],
    newRowsOf: [...newRowsOf],
    asksIncremental,
    macros: [...macros],
  };
}

/** A seed by its name, for a template. Throws a BeltError if there is no such seed. */
export function seedOf(seeds: ReadonlyMap<string, SeedNode>, name: string): SeedNode {
  const seed = seeds.get(name);
  if (seed !== undefined) return seed;
  throw new BeltError(`There is no seed ${name}${didYouMean(name, seeds.keys())}.`, {
    hint: 'seed_rows() takes the name of a .csv file of the seed paths.',
  });
}
