import type { Relation } from './relation.js';

/** Data of YAML: kept as it stands. */
export type Data = Readonly<Record<string, unknown>>;

/** What YAML says of a column. */
export interface ColumnProperties {
  readonly name: string;
  /** Where YAML describes it. */
  readonly place: { readonly file: string; readonly line: number };
  readonly description: string;
  readonly dataType: string | undefined;
  readonly tags: readonly string[];
  readonly meta: Data;
  /** Data tests as YAML gives them: a name, or a name with its arguments. */
  readonly tests: readonly (string | Data)[];
  readonly quote: boolean;
  /** Of a contract: `{type: not_null}` and the like. */
  readonly constraints: readonly Data[];
}

interface NodeBase {
  /** For example `model.belt.battery_telemetry`. */
  readonly uniqueId: string;
  readonly name: string;
  /** The file below the project folder, with slashes. */
  readonly path: string;
  /** Project name, folders and name: what `fqn:` and folder configs select by. */
  readonly fqn: readonly string[];
  readonly description: string;
  readonly columns: Readonly<Record<string, ColumnProperties>>;
  /** Data tests of the node as a whole, as YAML gives them. */
  readonly tests: readonly (string | Data)[];
  /** Of dbt_project.yml, YAML properties and config() merged, in this order. */
  readonly config: Data;
  readonly tags: readonly string[];
  readonly meta: Data;
  readonly docs: Data;
  readonly relation: Relation;
}

/** What is written as SQL with Jinja. */
interface TemplateNode extends NodeBase {
  readonly rawCode: string;
  /** SHA-256 of rawCode, in hexadecimal. */
  readonly checksum: string;
  /** Unique ids of what it reads, in the order of their first mention. */
  readonly dependsOn: readonly string[];
  /** What ref() and seed_rows() name. */
  readonly refs: readonly { readonly name: string; readonly package: string | undefined }[];
  /** What source() names: a source and a table of it. */
  readonly sources: readonly (readonly [string, string])[];
  /** Names of the project's macros that it calls, with those that they call. */
  readonly macros: readonly string[];
}

/** A `.sql` file of the model paths, or a snapshot. */
export interface ModelNode extends TemplateNode {
  readonly resourceType: 'model' | 'snapshot';
  readonly language: 'sql';
  /** Whether it reads only what has newly been landed, through new_rows(). */
  readonly usesNewRows: boolean;
  /** Unique ids of what new_rows() was asked for. */
  readonly newRowsOf: readonly string[];
  /** Whether it asks is_incremental(). */
  readonly asksIncremental: boolean;
}

/** A data test: a query that gives the rows which should not be. */
export interface TestNode extends TemplateNode {
  readonly resourceType: 'test';
  readonly line: number;
  /** Of a generic test: its name, without test_, and its arguments as YAML gives them. */
  readonly generic: { readonly name: string; readonly arguments: Data } | undefined;
  readonly columnName: string | undefined;
  /** The node whose YAML asks for it. */
  readonly attachedNode: string | undefined;
}

/** Rows that a unit test gives or expects. */
export interface Fixture {
  readonly format: 'dict' | 'csv' | 'sql';
  /** Of the format sql. */
  readonly sql: string | undefined;
  readonly rows: readonly Data[];
}

/** A unit test: given rows, and the rows that a model makes of them. */
export interface UnitTestNode extends NodeBase {
  readonly resourceType: 'unit_test';
  readonly line: number;
  /** The unique id of the model. */
  readonly modelId: string;
  readonly dependsOn: readonly string[];
  readonly given: readonly { readonly input: string; readonly fixture: Fixture }[];
  readonly expected: Fixture;
  readonly overrides: {
    readonly macros: Data;
    readonly vars: Data;
    readonly envVars: Data;
  };
}

/** A row of a seed: texts by column, null where the field is empty. */
export type SeedRow = Readonly<Record<string, string | null>>;

/** A `.csv` file of the seed paths. */
export interface SeedNode extends NodeBase {
  readonly resourceType: 'seed';
  /** SHA-256 of the file, in hexadecimal. */
  readonly checksum: string;
  readonly header: readonly string[];
  readonly rows: readonly SeedRow[];
  /** The 1-based line of the file on which each row begins. */
  readonly lines: readonly number[];
}

/** A table that the project reads but does not make. */
export interface SourceNode extends NodeBase {
  readonly resourceType: 'source';
  readonly sourceName: string;
  readonly sourceDescription: string;
  readonly loadedAtField: string | undefined;
  /** As YAML gives it: `warn_after`, `error_after`, `filter`. */
  readonly freshness: Data | undefined;
}

export type ProjectNode = ModelNode | SeedNode | SourceNode | TestNode | UnitTestNode;
