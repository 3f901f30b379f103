import { BeltError } from '../../errors.js';
import type { ColumnProperties, Data } from '../nodes.js';
import { type DocsBlock, withDocs } from './docs-blocks.js';
import type { ProjectFile } from './files.js';
import { mergeConfig } from './project-config.js';
import {
  isMap,
  mapOf,
  mapsOf,
  namesOf,
  type RenderYaml,
  readYaml,
  textOf,
  type YamlFile,
  type YamlMap,
} from './yaml-file.js';

/** What the YAML files say of models, seeds and sources. */
export interface Properties {
  readonly models: ReadonlyMap<string, NodeProperties>;
  readonly seeds: ReadonlyMap<string, NodeProperties>;
  readonly snapshots: ReadonlyMap<string, NodeProperties>;
  readonly unitTests: readonly UnitTestEntry[];
  readonly sources: readonly SourceProperties[];
}

/** What YAML says of a node, and where. */
export interface NodeProperties {
  readonly path: string;
  readonly line: number;
  readonly description: string;
  readonly config: YamlMap;
  readonly columns: Readonly<Record<string, ColumnProperties>>;
  readonly tests: readonly unknown[];
  /** Of a snapshot that is YAML alone: what it is taken of, such as `ref('orders')`. */
  readonly relation: string | undefined;
}

/** A unit test as YAML gives it. */
export interface UnitTestEntry {
  readonly path: string;
  readonly line: number;
  readonly entry: YamlMap;
}

export interface SourceProperties extends NodeProperties {
  readonly sourceName: string;
  readonly sourceDescription: string;
  readonly name: string;
  readonly database: string | undefined;
  readonly schema: string;
  readonly identifier: string;
  readonly loadedAtField: string | undefined;
  readonly freshness: Data | undefined;
}

/** Reads the files' properties; what is wrong is told to `onFault`, and left out. */
export function readProperties(
  files: readonly ProjectFile[],
  render: RenderYaml,
  onFault: (fault: BeltError) => void,
  docs: ReadonlyMap<string, DocsBlock> = new Map(),
): Properties {
  const models = new Map<string, NodeProperties>();
  const seeds = new Map<string, NodeProperties>();
  const snapshots = new Map<string, NodeProperties>();
  const unitTests: UnitTestEntry[] = [];
  const sources: SourceProperties[] = [];
  const attempt = (work: () => void) => {
    try {
      work();
    } catch (error) {
      if (!(error instanceof BeltError)) throw error;
      onFault(error);
    }
  };
  for (const file of files) {
    attempt(() => {
      const yaml = readYaml(file);
      for (const [kind, known] of [
        ['models', models],
        ['seeds', seeds],
        ['snapshots', snapshots],
      ] as const) {
        for (const [index, entry] of mapsOf(yaml.value[kind]).entries()) {
          attempt(() => addNode(known, kind, yaml, index, entry, render, docs));
        }
      }
      for (const [index, entry] of mapsOf(yaml.value.unit_tests).entries()) {
        unitTests.push({ path: file.path, line: yaml.lineOf(['unit_tests', index]), entry });
      }
      for (const [index, entry] of mapsOf(yaml.value.sources).entries()) {
        attempt(() => sources.push(...sourcesOf(yaml, index, entry, render)));
      }
    });
  }
  return { models, seeds, snapshots, unitTests, sources };
}

function addNode(
  known: Map<string, NodeProperties>,
  kind: 'models' | 'seeds' | 'snapshots',
  yaml: YamlFile,
  index: number,
  raw: YamlMap,
  render: RenderYaml,
  docs: ReadonlyMap<string, DocsBlock>,
): void {
  const line = yaml.lineOf([kind, index]);
  const name = textOf(raw.name);
  const before = known.get(name);
  if (name === '') throw nameless(yaml.path, line, `An entry of ${kind}:`);
  if (before !== undefined) {
    throw new BeltError(`${name} is described twice: in ${before.path}:${before.line}, and here.`, {
      location: { file: yaml.path, line },
      hint: 'Merge the two entries into one.',
    });
  }
  const entry = mapOf(render(raw, { file: yaml.path, line }));
  const parts = partsOf(entry);
  const told = (description: string) => withDocs(description, docs, { file: yaml.path, line });
  known.set(name, {
    path: yaml.path,
    line,
    ...parts,
    description: told(parts.description),
    columns: Object.fromEntries(
      Object.entries(parts.columns).map(([key, column]) => [
        key,
        { ...column, description: told(column.description) },
      ]),
    ),
  });
}

function nameless(file: string, line: number, what: string): BeltError {
  return new BeltError(`${what} has no name.`, {
    location: { file, line },
    hint: 'Give it a name: of its own.',
  });
}

/** What models, seeds, sources and their tables have in common. */
function partsOf(entry: YamlMap) {
  return {
    description: textOf(entry.description).trim(),
    config: configOf(entry),
    columns: columnsOf(entry),
    tests: testsOf(entry),
    relation: textOf(entry.relation) || undefined,
  };
}

/** The config: of an entry, with the tags, meta and docs that dbt also takes beside it. */
function configOf(entry: YamlMap): YamlMap {
  const config = mapOf(entry.config);
  const tags = [...namesOf(entry.tags), ...namesOf(config.tags)];
  const meta = { ...mapOf(entry.meta), ...mapOf(config.meta) };
  const docs = { ...mapOf(entry.docs), ...mapOf(config.docs) };
  return {
    ...config,
    ...(tags.length === 0 ? {} : { tags }),
    ...(Object.keys(meta).length === 0 ? {} : { meta }),
    ...(entry.constraints === undefined ? {} : { constraints: entry.constraints }),
    ...(Object.keys(docs).length === 0 ? {} : { docs }),
  };
}

function sourcesOf(
  yaml: YamlFile,
  index: number,
  raw: YamlMap,
  render: RenderYaml,
): SourceProperties[] {
  const line = yaml.lineOf(['sources', index]);
  const entry = mapOf(render(raw, { file: yaml.path, line }));
  const sourceName = textOf(entry.name);
  if (sourceName === '') throw nameless(yaml.path, line, 'An entry of sources:');
  const common = partsOf(entry);
  return mapsOf(entry.tables).map((table, at) => {
    const tableLine = yaml.lineOf(['sources', index, 'tables', at]);
    const name = textOf(table.name);
    if (name === '') throw nameless(yaml.path, tableLine, `A table of the source ${sourceName}`);
    const own = partsOf(table);
    return {
      path: yaml.path,
      line: tableLine,
      ...own,
      config: mergeConfig(common.config, own.config),
      sourceName,
      sourceDescription: common.description,
      name,
      database: textOf(entry.database) || undefined,
      schema: textOf(entry.schema) || sourceName,
      identifier: textOf(table.identifier) || name,
      loadedAtField: loadedAtField(table) ?? loadedAtField(entry),
      freshness: freshnessOf(entry, table),
    };
  });
}

function loadedAtField(entry: YamlMap): string | undefined {
  return textOf(mapOf(entry.config).loaded_at_field ?? entry.loaded_at_field) || undefined;
}

/** A table's own freshness over that of its source; null turns it off. */
function freshnessOf(entry: YamlMap, table: YamlMap): Data | undefined {
  const of = (from: YamlMap) => mapOf(from.config).freshness ?? from.freshness;
  if (of(table) === null || table.freshness === null) return undefined;
  const found = { ...mapOf(of(entry)), ...mapOf(of(table)) };
  return Object.keys(found).length === 0 ? undefined : found;
}

function columnsOf(entry: YamlMap): Record<string, ColumnProperties> {
  return Object.fromEntries(
    mapsOf(entry.columns).map((column) => {
      const name = textOf(column.name);
      const config = mapOf(column.config);
      return [
        name,
        {
          name,
          description: textOf(column.description).trim(),
          dataType: textOf(column.data_type) || undefined,
          tags: [...namesOf(column.tags), ...namesOf(config.tags)],
          meta: { ...mapOf(column.meta), ...mapOf(config.meta) },
          tests: testsOf(column),
          quote: column.quote === true,
          constraints: mapsOf(column.constraints),
        },
      ];
    }),
  );
}

function testsOf(entry: YamlMap): unknown[] {
  return [entry.tests, entry.data_tests].flatMap((tests) =>
    Array.isArray(tests) ? tests.filter((test) => typeof test === 'string' || isMap(test)) : [],
  );
}
