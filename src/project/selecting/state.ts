import { isDeepStrictEqual } from 'node:util';
import type { ProjectNode } from '../nodes.js';
import type { Project } from '../project.js';
import { isMap, type YamlMap } from '../reading/yaml-file.js';
import { mapOf, textOf } from './artifact-values.js';

/** What an earlier run left: its manifest, and what became of its nodes. */
export interface EarlierState {
  readonly nodes: ReadonlyMap<string, YamlMap>;
  /** Texts of the macros by unique id. */
  readonly macros: ReadonlyMap<string, string>;
  /** Status by unique id, of run_results.json. */
  readonly results: ReadonlyMap<string, string>;
}

/** Reads the parsed manifest.json and run_results.json of an earlier run. */
export function earlierState(manifest: unknown, runResults: unknown): EarlierState {
  const whole = mapOf(manifest);
  const nodes = [whole.nodes, whole.sources, whole.unit_tests].flatMap((part) =>
    Object.entries(mapOf(part)).filter((entry): entry is [string, YamlMap] => isMap(entry[1])),
  );
  const results = mapOf(runResults).results;
  return {
    nodes: new Map(nodes),
    macros: new Map(
      Object.entries(mapOf(whole.macros)).map(([id, macro]) => [
        id,
        textOf(mapOf(macro).macro_sql),
      ]),
    ),
    results: new Map(
      (Array.isArray(results) ? results : []).map((result) => [
        textOf(mapOf(result).unique_id),
        textOf(mapOf(result).status),
      ]),
    ),
  };
}

export const STATE_KINDS = [
  'new',
  'old',
  'unmodified',
  'modified',
  'modified.body',
  'modified.configs',
  'modified.relation',
  'modified.persisted_descriptions',
  'modified.macros',
  'modified.contract',
] as const;

export type StateKind = (typeof STATE_KINDS)[number];

/** Whether a node differs in some way from what it was; a new one is modified too. */
export function differsBy(
  project: Pick<Project, 'macros' | 'name'>,
  earlier: EarlierState,
  node: ProjectNode,
  kind: StateKind,
): boolean {
  const before = earlier.nodes.get(node.uniqueId);
  if (kind === 'new') return before === undefined;
  if (kind === 'old') return before !== undefined;
  if (before === undefined) return kind === 'modified';
  const changes = {
    'modified.body': () => bodyOf(node) !== textOf(mapOf(before.checksum).checksum),
    'modified.configs': () => !sameJson(node.config, mapOf(before.unrendered_config)),
    'modified.relation': () =>
      node.relation.schema !== textOf(before.schema) ||
      node.relation.identifier !== textOf(before.alias ?? before.identifier),
    'modified.persisted_descriptions': () =>
      node.description !== textOf(before.description) ||
      !sameJson(descriptionsOf(node), earlierDescriptions(before)),
    'modified.macros': () => macrosChanged(project, earlier, node),
    'modified.contract': () => !sameJson(contractOf(node), earlierContract(before)),
  };
  if (kind in changes) return changes[kind as keyof typeof changes]();
  const modified = Object.values(changes).some((changed) => changed());
  return kind === 'modified' ? modified : !modified;
}

function bodyOf(node: ProjectNode): string {
  return 'checksum' in node ? node.checksum : '';
}

function descriptionsOf(node: ProjectNode): Record<string, string> {
  return Object.fromEntries(
    Object.values(node.columns).map((column) => [column.name, column.description]),
  );
}

function earlierDescriptions(before: YamlMap): Record<string, string> {
  return Object.fromEntries(
    Object.entries(mapOf(before.columns)).map(([name, column]) => [
      name,
      textOf(mapOf(column).description),
    ]),
  );
}

function contractOf(node: ProjectNode): unknown {
  if (!isMap(node.config.contract) || node.config.contract.enforced !== true) return null;
  return Object.fromEntries(
    Object.values(node.columns).map((column) => [column.name, column.dataType ?? null]),
  );
}

function earlierContract(before: YamlMap): unknown {
  if (mapOf(mapOf(before.config).contract).enforced !== true) return null;
  return Object.fromEntries(
    Object.entries(mapOf(before.columns)).map(([name, column]) => [
      name,
      mapOf(column).data_type ?? null,
    ]),
  );
}

function macrosChanged(
  { macros, name }: Pick<Project, 'macros' | 'name'>,
  earlier: EarlierState,
  node: ProjectNode,
): boolean {
  if (!('macros' in node)) return false;
  return node.macros.some((macro) => {
    const text = macros.find((one) => one.name === macro)?.text;
    return text !== earlier.macros.get(`macro.${name}.${macro}`);
  });
}

function sameJson(a: unknown, b: unknown): boolean {
  return isDeepStrictEqual(JSON.parse(JSON.stringify(a)), JSON.parse(JSON.stringify(b)));
}
