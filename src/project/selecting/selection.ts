import { UsageError } from '../../errors.js';
import { ancestorsOf, childrenByNode, descendantsOf } from '../graph.js';
import type { ProjectNode } from '../nodes.js';
import type { Project } from '../project.js';
import type { SelectorDefinition } from './selectors-file.js';
import { differsBy, type EarlierState, STATE_KINDS } from './state.js';

export interface Selection {
  /** Unique ids of all that is selected, sources included. */
  readonly selected: ReadonlySet<string>;
  /** Criteria that no node meets. */
  readonly unmatched: readonly string[];
}

/** Which tests come with the nodes that they test. */
export const INDIRECT_SELECTIONS = ['eager', 'cautious', 'buildable', 'empty'] as const;

export interface SelectionOptions {
  /** eager: all tests of what is selected; cautious: those of which all is selected. */
  readonly indirect?: (typeof INDIRECT_SELECTIONS)[number];
  /** For state: and result:. */
  readonly earlier?: EarlierState | undefined;
  /** Of selectors.yml, in place of `select`. */
  readonly selector?: SelectorDefinition | undefined;
}

type SelectableProject = Pick<Project, 'nodes' | 'macros' | 'name'>;

/** A project with what its graph operators follow. */
interface Graph {
  readonly project: SelectableProject;
  readonly nodes: Project['nodes'];
  readonly children: ReadonlyMap<string, readonly string[]>;
  readonly options: SelectionOptions;
}

/**
 * Selects nodes as dbt does: criteria are joined by spaces (union) and commas (intersection), with
 * the graph operators `+`, `n+` and `@`. Without `select`, everything is selected. Throws a
 * UsageError for a criterion that cannot be understood.
 */
export function selectNodes(
  project: SelectableProject,
  select: readonly string[],
  exclude: readonly string[],
  options: SelectionOptions = {},
): Selection {
  const graph = {
    project,
    nodes: project.nodes,
    children: childrenByNode(project.nodes),
    options,
  };
  const unmatched: string[] = [];
  let chosen = new Set(graph.nodes.keys());
  if (select.length > 0) chosen = withTests(graph, unionOf(graph, select, unmatched));
  else if (options.selector !== undefined) {
    chosen = withTests(graph, definedBy(graph, options.selector, unmatched));
  }
  if (exclude.length > 0) {
    for (const id of withTests(graph, unionOf(graph, exclude, unmatched))) chosen.delete(id);
  }
  return { selected: chosen, unmatched };
}

function definedBy(graph: Graph, definition: SelectorDefinition, unmatched: string[]): Set<string> {
  if (definition.kind === 'criterion') return unionOf(graph, [definition.text], unmatched);
  const parts = definition.parts.map((part) => definedBy(graph, part, unmatched));
  const [first = new Set<string>(), ...others] = parts;
  const chosen =
    definition.kind === 'union'
      ? new Set(parts.flatMap((part) => [...part]))
      : new Set([...first].filter((id) => others.every((part) => part.has(id))));
  for (const part of definition.exclude) {
    for (const id of definedBy(graph, part, unmatched)) chosen.delete(id);
  }
  return chosen;
}

/** What is chosen, and the tests that come with it. */
function withTests({ nodes, children, options }: Graph, chosen: Set<string>): Set<string> {
  const { indirect = 'eager' } = options;
  if (indirect === 'empty') return chosen;
  const tests = new Set(
    [...chosen].flatMap((id) =>
      (children.get(id) ?? []).filter((child) => /^(unit_)?test\./.test(child)),
    ),
  );
  const reachable =
    indirect === 'buildable'
      ? new Set([...chosen].flatMap((id) => [id, ...ancestorsOf(nodes, id)]))
      : chosen;
  const comes = (id: string) => {
    const node = nodes.get(id);
    if (indirect === 'eager' || node === undefined || !('dependsOn' in node)) return true;
    return node.dependsOn.every((parent) => reachable.has(parent));
  };
  return new Set([...chosen, ...[...tests].filter(comes)]);
}

function unionOf(graph: Graph, criteria: readonly string[], unmatched: string[]): Set<string> {
  const union = new Set<string>();
  for (const criterion of criteria.flatMap((text) => text.split(/\s+/)).filter(Boolean)) {
    const [first = new Set<string>(), ...others] = criterion
      .split(',')
      // as in dbt, each term brings its tests, so that one of them may ask for those alone
      .map((term) => withTests(graph, matchTerm(graph, term)));
    const all = [...first].filter((id) => others.every((match) => match.has(id)));
    if (all.length === 0) unmatched.push(criterion);
    for (const id of all) union.add(id);
  }
  return union;
}

const TERM = /^(?<at>@)?(?:(?<up>\d*)\+)?(?<core>.*?)(?:\+(?<down>\d*))?$/;

function matchTerm(graph: Graph, term: string): Set<string> {
  const { nodes, children } = graph;
  const { at, up, core = '', down } = TERM.exec(term)?.groups ?? {};
  if (core === '') {
    throw new UsageError(`The selector ${JSON.stringify(term)} names nothing.`, {
      hint: 'Write for example battery_telemetry+, staging/, tag:nightly or config.materialized:view.',
    });
  }
  if (at !== undefined && (up !== undefined || down !== undefined)) {
    throw new UsageError(`The selector ${JSON.stringify(term)} has both @ and +.`, {
      hint: '@ selects descendants and their ancestors already: leave the + out.',
    });
  }
  const matches = matching(graph, core);
  const result = new Set(matches);
  const add = (ids: Iterable<string>) => {
    for (const id of ids) result.add(id);
  };
  for (const id of matches) {
    if (up !== undefined) add(ancestorsOf(nodes, id, depthOf(up)));
    if (down !== undefined) add(descendantsOf(children, id, depthOf(down)));
    if (at === undefined) continue;
    const below = descendantsOf(children, id);
    add(below);
    for (const one of [id, ...below]) add(ancestorsOf(nodes, one));
  }
  return result;
}

function matching(graph: Graph, core: string): string[] {
  const matches = methodOf(graph, core);
  return [...graph.nodes.values()].filter(matches).map((node) => node.uniqueId);
}

function depthOf(digits: string): number | undefined {
  return digits === '' ? undefined : Number(digits);
}

const METHODS =
  'path:, file:, fqn:, tag:, source:, resource_type:, config.<key>:, package:, test_name:, test_type:, unit_test:, state:, result: or a name or path alone';

function methodOf({ project, options }: Graph, core: string): (node: ProjectNode) => boolean {
  const [, method = '', value = ''] = /^([a-z_][\w.]*):(.*)$/i.exec(core) ?? [];
  switch (method) {
    case '':
      return byNameOrPath(core);
    case 'path':
      return byPath(value);
    case 'file':
      return byFile(value);
    case 'fqn':
      return byFqn(value);
    case 'tag':
      return (node) => node.tags.some((tag) => wildcard(value).test(tag));
    case 'source':
      return bySource(value);
    case 'resource_type':
      return (node) => node.resourceType === value;
    case 'package':
      return (node) => node.fqn[0] === value || (value === 'this' && node.fqn[0] === project.name);
    case 'test_name':
      return (node) =>
        node.resourceType === 'test' && wildcard(value).test(node.generic?.name ?? node.name);
    case 'test_type':
      return byTestType(value);
    case 'unit_test':
      return (node) => node.resourceType === 'unit_test' && wildcard(value).test(node.name);
    case 'state': {
      const kind = STATE_KINDS.find((one) => one === value);
      if (kind === undefined) {
        throw new UsageError(`There is no state ${value}.`, {
          hint: `States are ${STATE_KINDS.join(', ')}.`,
        });
      }
      const earlier = requiredState(options, core);
      return (node) => differsBy(project, earlier, node, kind);
    }
    case 'result': {
      const { results } = requiredState(options, core);
      return (node) => results.get(node.uniqueId) === value;
    }
    default:
      if (method.startsWith('config.')) return byConfig(method.slice('config.'.length), value);
      throw new UsageError(`Selecting by ${method}: is not supported.`, {
        hint: `Use ${METHODS}.`,
      });
  }
}

function requiredState({ earlier }: SelectionOptions, core: string): EarlierState {
  if (earlier !== undefined) return earlier;
  throw new UsageError(`${core} compares with an earlier run, but none is given.`, {
    hint: 'Name the folder of its manifest.json: --state target-of-before.',
  });
}

function byTestType(value: string): (node: ProjectNode) => boolean {
  return (node) => {
    if (node.resourceType === 'unit_test') return value === 'unit';
    if (node.resourceType !== 'test') return false;
    return value === 'data' || value === (node.generic === undefined ? 'singular' : 'generic');
  };
}

function wildcard(pattern: string): RegExp {
  const escaped = pattern.replace(/[.+^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${escaped.replaceAll('*', '.*').replaceAll('?', '.')}$`, 's');
}

function byNameOrPath(core: string): (node: ProjectNode) => boolean {
  if (/\.(sql|csv)$/.test(core) && !core.includes('/')) return byFile(core);
  return core.includes('/') ? byPath(core) : byFqn(core);
}

/** A file, or all files below a folder. */
function byPath(value: string): (node: ProjectNode) => boolean {
  const folder = value.replace(/^\.\//, '').replace(/\/+$/, '');
  const [itself, below] = [wildcard(folder), wildcard(`${folder}/*`)];
  return (node) => itself.test(node.path) || below.test(node.path);
}

/** A file by its name, with or without what follows the dot. */
function byFile(value: string): (node: ProjectNode) => boolean {
  const matches = wildcard(value);
  return (node) => {
    const file = node.path.split('/').at(-1) ?? '';
    return (
      node.resourceType !== 'source' &&
      (matches.test(file) || matches.test(file.replace(/\.\w+$/, '')))
    );
  };
}

/** A name, or folders of the project's tree joined by dots, with or without the project. */
function byFqn(value: string): (node: ProjectNode) => boolean {
  const name = wildcard(value);
  const parts = value.split('.').map(wildcard);
  return (node) =>
    node.resourceType !== 'source' &&
    (name.test(node.name) ||
      [node.fqn, node.fqn.slice(1)].some((fqn) =>
        parts.every((part, index) => part.test(fqn[index] ?? '')),
      ));
}

/** A source, a table of it, or both after the name of the project. */
function bySource(value: string): (node: ProjectNode) => boolean {
  const matches = wildcard(value);
  return (node) =>
    node.resourceType === 'source' &&
    [
      node.sourceName,
      `${node.sourceName}.${node.name}`,
      node.uniqueId.replace(/^source\./, ''),
    ].some((name) => matches.test(name));
}

/** A config, a nested one by a path with dots: its value, one of its items, or a key of it. */
function byConfig(path: string, value: string): (node: ProjectNode) => boolean {
  const matches = wildcard(value);
  return (node) => {
    const at = path
      .split('.')
      .reduce<unknown>(
        (level, key) =>
          typeof level === 'object' && level !== null && Object.hasOwn(level, key)
            ? (level as Record<string, unknown>)[key]
            : undefined,
        node.config,
      );
    if (at === undefined || at === null) return false;
    const values = Array.isArray(at) ? at : typeof at === 'object' ? Object.keys(at) : [at];
    return values.some((one) => matches.test(String(one)));
  };
}
