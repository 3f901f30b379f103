import type { MODEL_CONFIGS } from '../config-keys.js';
import type { Diagnostics } from '../faults.js';
import type { ColumnProperties, Data } from '../nodes.js';
import { type DocsBlock, withDocs } from './docs-blocks.js';
import { MODEL, PROPERTIES_FILE, SEED, SNAPSHOT, SOURCE, UNIT_TEST } from './file-keys.js';
import type { ProjectFile } from './files.js';
import { mergeConfig } from './folder-config.js';
import { check, listOf, readAs, type Shape, type ValueOf } from './shapes.js';
import { type RenderYaml, readYaml, type YamlMap, type YamlPlace } from './yaml-file.js';

/** What the YAML files say of models, seeds and sources. */
export interface Properties {
  readonly models: ReadonlyMap<string, NodeProperties>;
  readonly seeds: ReadonlyMap<string, NodeProperties>;
  readonly snapshots: ReadonlyMap<string, NodeProperties>;
  readonly unitTests: readonly UnitTestEntry[];
  readonly sources: readonly SourceProperties[];
}

/** What YAML says of a node, and where. */
export interface NodeProperties extends YamlPlace {
  readonly description: string;
  readonly config: YamlMap;
  readonly columns: Readonly<Record<string, ColumnProperties>>;
  readonly tests: readonly (string | Data)[];
  /** Of a snapshot that is YAML alone: what it is taken of, such as `ref('orders')`. */
  readonly relation: string | undefined;
}

/** A unit test as YAML gives it. */
export interface UnitTestEntry extends YamlPlace {
  readonly entry: ValueOf<typeof UNIT_TEST>;
}

export interface SourceProperties extends NodeProperties {
  readonly sourceName: string;
  readonly sourceDescription: string;
  readonly name: string;
  readonly database: string | undefined;
  readonly schema: string;
  readonly identifier: string;
}

/** Reads the files' properties; what is wrong is told to `diagnostics`, and left out. */
export function readProperties(
  files: readonly ProjectFile[],
  render: RenderYaml,
  diagnostics: Diagnostics,
  docs: ReadonlyMap<string, DocsBlock>,
): Properties {
  const scope = { docs, warn: diagnostics.warn };
  const models = new Map<string, NodeProperties>();
  const seeds = new Map<string, NodeProperties>();
  const snapshots = new Map<string, NodeProperties>();
  const unitTests: UnitTestEntry[] = [];
  const sources: SourceProperties[] = [];
  for (const file of files) {
    const yaml = diagnostics.attempt(() => readYaml(file));
    if (yaml === undefined) continue;
    const report = diagnostics.of(file.path, yaml.lineOf);
    // keys such as x-columns hold what anchors (&name) are used for
    const known = Object.entries(yaml.value).filter(([key]) => !/^(x-|[._])/.test(key));
    check(PROPERTIES_FILE, Object.fromEntries(known), [], report);
    const read = <T>(kind: string, shape: Shape<T>, take: (entry: T, at: YamlPlace) => void) => {
      for (const [index, raw] of listOf(yaml.value[kind]).entries()) {
        diagnostics.attempt(() => {
          const at = yaml.at([kind, index]);
          const place = { file: at.path, line: at.line };
          const rendered = kind === 'unit_tests' ? raw : render(raw, place);
          const entry = readAs(shape, rendered, [kind, index], report);
          if (entry !== undefined) take(entry, at);
        });
      }
    };
    const addTo = (known: Map<string, NodeProperties>) => (entry: NodeEntry, at: YamlPlace) =>
      addNode(known, entry, at, scope);
    read('models', MODEL, addTo(models));
    read('seeds', SEED, addTo(seeds));
    read('snapshots', SNAPSHOT, addTo(snapshots));
    read('unit_tests', UNIT_TEST, (entry, at) => unitTests.push({ ...at, entry }));
    read('sources', SOURCE, (entry, at) => sources.push(...sourcesOf(entry, at, scope)));
  }
  return { models, seeds, snapshots, unitTests, sources };
}

/** What the entries of models, seeds, snapshots, sources and their tables may say. */
interface NodeEntry extends Omit<ValueOf<typeof MODEL>, 'config'> {
  readonly config?:
    | (YamlMap & Pick<ValueOf<typeof MODEL_CONFIGS>, 'tags' | 'meta' | 'docs'>)
    | null;
  readonly relation?: string | null;
}
type SourceEntry = ValueOf<typeof SOURCE>;

interface EntryScope {
  readonly docs: ReadonlyMap<string, DocsBlock>;
  readonly warn: Diagnostics['warn'];
}

function addNode(
  known: Map<string, NodeProperties>,
  entry: NodeEntry,
  at: YamlPlace,
  scope: EntryScope,
): void {
  const name = named(entry, 'An entry', at);
  const before = known.get(name);
  if (before !== undefined) {
    const told = `${name} is described twice: in ${before.path}:${before.line}, and here.`;
    throw at.fault(told, 'Merge the two entries into one.');
  }
  known.set(name, partsOf(entry, at, scope));
}

/** The name of an entry. Throws a BeltError where it has none. */
function named({ name }: { name?: string | null }, what: string, at: YamlPlace) {
  if (name) return name;
  throw at.fault(`${what} has no name.`, 'Give it a name: of its own.');
}

/** What models, seeds, snapshots, sources and their tables have in common. */
function partsOf(entry: NodeEntry, at: YamlPlace, scope: EntryScope): NodeProperties {
  const told = (description: string | null | undefined) =>
    withDocs((description ?? '').trim(), scope.docs, { file: at.path, line: at.line });
  const columns = new Map<string, ColumnProperties>();
  for (const [index, column] of (entry.columns ?? []).entries()) {
    const place = at.at(['columns', index]);
    const name = named(column, 'A column', place);
    if (columns.has(name)) {
      scope.warn(
        place.fault(
          `The column ${name} is described twice, and the entry before is passed over.`,
          'Merge the two entries.',
        ),
      );
    }
    columns.set(name, {
      name,
      place: { file: place.path, line: place.line },
      description: told(column.description),
      dataType: column.data_type ?? undefined,
      tags: [...listOf(column.tags), ...listOf(column.config?.tags)],
      meta: { ...column.meta, ...column.config?.meta },
      tests: [...(column.tests ?? []), ...(column.data_tests ?? [])],
      quote: column.quote === true,
      constraints: column.constraints ?? [],
    });
  }
  return {
    ...at,
    description: told(entry.description),
    config: configOf(entry),
    columns: Object.fromEntries(columns),
    tests: [...(entry.tests ?? []), ...(entry.data_tests ?? [])],
    relation: entry.relation ?? undefined,
  };
}

/** The config: of an entry, with the tags, meta and docs that dbt also takes beside it. */
function configOf(entry: NodeEntry): YamlMap {
  const config = entry.config ?? {};
  const tags = [...listOf(entry.tags), ...listOf(config.tags)];
  const meta = { ...entry.meta, ...config.meta };
  const docs = { ...entry.docs, ...config.docs };
  return {
    ...config,
    ...(tags.length === 0 ? {} : { tags }),
    ...(Object.keys(meta).length === 0 ? {} : { meta }),
    ...(entry.constraints ? { constraints: entry.constraints } : {}),
    ...(Object.keys(docs).length === 0 ? {} : { docs }),
  };
}

function sourcesOf(entry: SourceEntry, at: YamlPlace, scope: EntryScope): SourceProperties[] {
  const sourceName = named(entry, 'An entry', at);
  const { tables, ...common } = entry;
  const outer = partsOf(common, at, scope);
  return (tables ?? []).map((table, index) => {
    const place = at.at(['tables', index]);
    const name = named(table, `A table of the source ${sourceName}`, place);
    const own = partsOf(table, place, scope);
    return {
      ...own,
      config: mergeConfig(sourceConfig(outer.config, entry), sourceConfig(own.config, table)),
      sourceName,
      sourceDescription: outer.description,
      name,
      database: entry.database === undefined ? undefined : String(entry.database),
      schema: entry.schema || sourceName,
      identifier: table.identifier || name,
    };
  });
}

/** The config of a source or table, with what dbt also takes beside it; null turns freshness off. */
function sourceConfig(
  config: YamlMap,
  { freshness, loaded_at_field: field }: Pick<SourceEntry, 'freshness' | 'loaded_at_field'>,
): YamlMap {
  return {
    ...(freshness === undefined ? {} : { freshness }),
    ...(field ? { loaded_at_field: field } : {}),
    ...config,
  };
}
