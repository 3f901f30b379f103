import { didYouMean } from '../../did-you-mean.js';
import { UsageError } from '../../errors.js';
import { Diagnostics } from '../faults.js';
import { CRITERION, SELECTORS_FILE } from '../reading/file-keys.js';
import { readFile } from '../reading/files.js';
import { readAs, type ValueOf } from '../reading/shapes.js';
import { isMap, type Path, readYaml, type YamlMap } from '../reading/yaml-file.js';

/** A selection of selectors.yml: criteria put together by set operators. */
export type SelectorDefinition =
  | { readonly kind: 'criterion'; readonly text: string }
  | {
      readonly kind: 'union' | 'intersection';
      readonly parts: readonly SelectorDefinition[];
      readonly exclude: readonly SelectorDefinition[];
    };

const FILE = 'selectors.yml';

type Known = ReadonlyMap<string, { definition: SelectorDefinition; isDefault: boolean }>;

/** The selectors of a project, by name. Throws ProjectFaults with the lines of what is wrong. */
function readSelectors(projectDir: string): Known {
  const known = new Map<string, { definition: SelectorDefinition; isDefault: boolean }>();
  const file = readFile(projectDir, FILE);
  if (file === undefined) return known;
  const yaml = readYaml(file);
  const diagnostics = new Diagnostics();
  const report = diagnostics.of(FILE, yaml.lineOf);
  const read = readAs(SELECTORS_FILE, yaml.value, [], report);
  for (const [index, entry] of (read?.selectors ?? []).entries()) {
    const path = ['selectors', index];
    diagnostics.attempt(() => {
      if (!entry.name)
        throw yaml.fault('A selector has no name.', 'Give it a name: of its own.', path);
      const definition = definitionOf(entry.definition, [...path, 'definition']);
      known.set(entry.name, { definition, isDefault: entry.default === true });
    });
  }
  diagnostics.finish();
  return known;

  function definitionOf(value: unknown, path: Path): SelectorDefinition {
    if (typeof value === 'string') return { kind: 'criterion', text: value };
    const [[key, only] = [], ...others] = Object.entries(isMap(value) ? value : {});
    if ((key === 'union' || key === 'intersection') && others.length === 0) {
      return group(key, only, [...path, key]);
    }
    if (isMap(value) && 'method' in value) return criterion(value, path);
    if (key !== undefined && typeof only === 'string' && others.length === 0) {
      return { kind: 'criterion', text: `${key}:${only}` };
    }
    throw yaml.fault(
      'This selector cannot be understood.',
      'Write a text such as tag:nightly, {method: tag, value: nightly}, or union: and intersection: of these.',
      path,
    );
  }

  function group(kind: 'union' | 'intersection', values: unknown, path: Path): SelectorDefinition {
    if (!Array.isArray(values)) throw yaml.fault(`${kind} is no list.`, 'Write a list.', path);
    const items = values.map((value: unknown, index) => ({ value, at: [...path, index] }));
    const isExclusion = (value: unknown): value is YamlMap =>
      isMap(value) && 'exclude' in value && Object.keys(value).length === 1;
    return {
      kind,
      parts: items
        .filter(({ value }) => !isExclusion(value))
        .map(({ value, at }) => definitionOf(value, at)),
      exclude: items.flatMap(({ value, at }) =>
        isExclusion(value) ? exclusions(value.exclude, [...at, 'exclude']) : [],
      ),
    };
  }

  function exclusions(values: unknown, path: Path): SelectorDefinition[] {
    if (!Array.isArray(values)) throw yaml.fault('exclude is no list.', 'Write a list.', path);
    return values.map((value: unknown, index) => definitionOf(value, [...path, index]));
  }

  function criterion(value: YamlMap, path: Path): SelectorDefinition {
    const read = readAs(CRITERION, value, path, report) ?? {};
    if (read.method === 'selector') {
      const name = String(read.value ?? '');
      const found = known.get(name)?.definition;
      if (found !== undefined) return found;
      const told = `There is no selector ${name} above${didYouMean(name, known.keys())}.`;
      throw yaml.fault(told, 'Name one that stands before it.', path);
    }
    const own: SelectorDefinition = { kind: 'criterion', text: criterionText(read) };
    if (!read.exclude) return own;
    return {
      kind: 'union',
      parts: [own],
      exclude: exclusions(read.exclude, [...path, 'exclude']),
    };
  }
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

/** A criterion as --select takes it. */
function criterionText(read: ValueOf<typeof CRITERION>): string {
  const up = read.parents ? `${read.parents_depth ?? ''}+` : '';
  const down = read.children ? `+${read.children_depth ?? ''}` : '';
  return `${read.childrens_parents ? '@' : ''}${up}${read.method ?? ''}:${read.value ?? ''}${down}`;
}
