import { UsageError } from '../errors.js';
import { ancestorsOf, childrenByNode, descendantsOf } from './graph.js';
import type { ProjectNode } from './nodes.js';
import type { Project } from './project.js';

export interface Selection {
  /** Unique ids of all that is selected, sources included. */
  readonly selected: ReadonlySet<string>;
  /** Criteria that no node meets. */
  readonly unmatched: readonly string[];
}

/** A project with what its graph operators follow. */
interface Graph {
  readonly nodes: Project['nodes'];
  readonly children: ReadonlyMap<string, readonly string[]>;
}

/**
 * Selects nodes as dbt does: criteria are joined by spaces (union) and commas (intersection), with
 * the graph operators `+`, `n+` and `@`. Without `select`, everything is selected. Throws a
 * UsageError for a criterion that cannot be understood.
 */
export function selectNodes(
  project: Pick<Project, 'nodes'>,
  select: readonly string[],
  exclude: readonly string[],
): Selection {
  const graph = { nodes: project.nodes, children: childrenByNode(project.nodes) };
  const unmatched: string[] = [];
  const chosen =
    select.length === 0 ? new Set(graph.nodes.keys()) : unionOf(graph, select, unmatched);
  for (const id of unionOf(graph, exclude, unmatched)) chosen.delete(id);
  return { selected: chosen, unmatched };
}

function unionOf(graph: Graph, criteria: readonly string[], unmatched: string[]): Set<string> {
  const union = new Set<string>();
  for (const criterion of criteria.flatMap((text) => text.split(/\s+/)).filter(Boolean)) {
    const [first = new Set<string>(), ...others] = criterion
      .split(',')
      .map((term) => matchTerm(graph, term));
    const all = [...first].filter((id) => others.every((match) => match.has(id)));
    if (all.length === 0) unmatched.push(criterion);
    for (const id of all) union.add(id);
  }
  return union;
}

const TERM = /^(?<at>@)?(?:(?<up>\d*)\+)?(?<core>.*?)(?:\+(?<down>\d*))?$/;

function matchTerm({ nodes, children }: Graph, term: string): Set<string> {
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
  const matches = matching(nodes, core);
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

function matching(nodes: Graph['nodes'], core: string): string[] {
  const matches = methodOf(core);
  return [...nodes.values()].filter(matches).map((node) => node.uniqueId);
}

function depthOf(digits: string): number | undefined {
  return digits === '' ? undefined : Number(digits);
}

const METHODS =
  'path:, file:, fqn:, tag:, source:, resource_type:, config.<key>: or a name or path alone';

function methodOf(core: string): (node: ProjectNode) => boolean {
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
    case 'state':
      throw new UsageError(`Selecting by state is not supported yet: ${core}.`, {
        hint: `Name the models, or use ${METHODS}.`,
      });
    default:
      if (method.startsWith('config.')) return byConfig(method.slice('config.'.length), value);
      throw new UsageError(`Selecting by ${method}: is not supported.`, {
        hint: `Use ${METHODS}.`,
      });
  }
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
