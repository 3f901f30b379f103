import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { didYouMean } from '../../did-you-mean.js';
import { BeltError, UsageError } from '../../errors.js';
import { isMap, mapsOf, namesOf, readYaml, textOf, type YamlMap } from '../reading/yaml-file.js';

/** A selection of selectors.yml: criteria put together by set operators. */
export type SelectorDefinition =
  | { readonly kind: 'criterion'; readonly text: string }
  | {
      readonly kind: 'union' | 'intersection';
      readonly parts: readonly SelectorDefinition[];
      readonly exclude: readonly SelectorDefinition[];
    };

const FILE = 'selectors.yml';

/** The selectors of a project, by name. Throws a BeltError with the line of what is wrong. */
function readSelectors(
  projectDir: string,
): Map<string, { definition: SelectorDefinition; isDefault: boolean }> {
  const path = join(projectDir, FILE);
  if (!existsSync(path)) return new Map();
  const yaml = readYaml({ path: FILE, text: readFileSync(path, 'utf8') });
  const known = new Map<string, { definition: SelectorDefinition; isDefault: boolean }>();
  for (const [index, entry] of mapsOf(yaml.value.selectors).entries()) {
    const line = yaml.lineOf(['selectors', index]);
    const definition = definitionOf(entry.definition, line, known);
    known.set(textOf(entry.name), { definition, isDefault: entry.default === true });
  }
  return known;
}

/** A selector by its name; without one, the default of the file, if it has one. */
export function selectorOf(
  projectDir: string,
  name: string | undefined,
): SelectorDefinition | undefined {
  const known = readSelectors(projectDir);
  if (name === undefined) return [...known.values()].find((one) => one.isDefault)?.definition;
  const found = known.get(name)?.definition;
  if (found !== undefined) return found;
  throw new UsageError(`There is no selector ${name}${didYouMean(name, known.keys())}.`, {
    hint: `Write it into ${FILE}; it has ${[...known.keys()].join(', ') || 'none'}.`,
  });
}

function definitionOf(
  value: unknown,
  line: number,
  known: ReadonlyMap<string, { definition: SelectorDefinition }>,
): SelectorDefinition {
  if (typeof value === 'string') return { kind: 'criterion', text: value };
  const again = (one: unknown) => definitionOf(one, line, known);
  if (isMap(value)) {
    if (Array.isArray(value.union)) return group('union', value.union, again);
    if (Array.isArray(value.intersection)) return group('intersection', value.intersection, again);
    if (value.method === 'selector') {
      const found = known.get(textOf(value.value));
      if (found !== undefined) return found.definition;
    } else if (typeof value.method === 'string') {
      const criterion: SelectorDefinition = { kind: 'criterion', text: criterionOf(value) };
      const exclude = Array.isArray(value.exclude) ? value.exclude.map(again) : [];
      return exclude.length === 0 ? criterion : { kind: 'union', parts: [criterion], exclude };
    } else {
      const [[method, named] = []] = Object.entries(value);
      if (method !== undefined && typeof named === 'string') {
        return { kind: 'criterion', text: `${method}:${named}` };
      }
    }
  }
  throw new BeltError('This selector cannot be understood.', {
    location: { file: FILE, line },
    hint: 'Write a text such as tag:nightly, {method: tag, value: nightly}, or union: and intersection: of these.',
  });
}

function group(
  kind: 'union' | 'intersection',
  values: readonly unknown[],
  again: (value: unknown) => SelectorDefinition,
): SelectorDefinition {
  const isExclusion = (value: unknown): value is YamlMap =>
    isMap(value) && 'exclude' in value && !('method' in value);
  const exclude = values
    .filter(isExclusion)
    .flatMap((value) => (Array.isArray(value.exclude) ? value.exclude : []));
  return {
    kind,
    parts: values.filter((value) => !isExclusion(value)).map(again),
    exclude: exclude.map(again),
  };
}

function criterionOf(value: YamlMap): string {
  const depth = (key: string) => (value[key] === undefined ? '' : String(value[key]));
  const up = value.parents === true ? `${depth('parents_depth')}+` : '';
  const down = value.children === true ? `+${depth('children_depth')}` : '';
  const at = value.childrens_parents === true ? '@' : '';
  const [values = ''] = namesOf(value.value);
  return `${at}${up}${textOf(value.method)}:${values}${down}`;
}
