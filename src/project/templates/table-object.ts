import { TemplateObject, tupleOf } from '../../jinja/python/values.js';

/** Rows that the database gave to run_query(), by column; numbers and booleans are such. */
export interface QueryRows {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
}

/** What run_query() gives: an agate table, as far as templates use one. */
export class TemplateTable extends TemplateObject {
  private readonly result: QueryRows;

  constructor(result: QueryRows) {
    super();
    this.result = result;
  }

  override member(name: string): unknown {
    const { columns } = this.result;
    switch (name) {
      case 'columns':
        return new TemplateColumns(this.result);
      case 'column_names':
        return tupleOf(columns);
      case 'rows':
        return this.items();
      case 'print_table':
        return () => '';
      default:
        return undefined;
    }
  }

  override item(key: unknown): unknown {
    return typeof key === 'number' ? this.items().at(key) : this.member(String(key));
  }

  override items(): TemplateRow[] {
    const { columns, rows } = this.result;
    return rows.map((values) => new TemplateRow(columns, values));
  }

  override toString(): string {
    return `<table of ${this.result.rows.length} rows: ${this.result.columns.join(', ')}>`;
  }
}

class TemplateColumns extends TemplateObject {
  private readonly result: QueryRows;

  constructor(result: QueryRows) {
    super();
    this.result = result;
  }

  override member(name: string): unknown {
    if (name === 'keys') return () => [...this.result.columns];
    const index = this.result.columns.indexOf(name);
    return index < 0 ? undefined : this.items()[index];
  }

  override item(key: unknown): unknown {
    return typeof key === 'number' ? this.items().at(key) : this.member(String(key));
  }

  override items(): TemplateColumn[] {
    return this.result.columns.map(
      (name, index) =>
        new TemplateColumn(
          name,
          this.result.rows.map((row) => row[index] ?? null),
        ),
    );
  }

  override toString(): string {
    return this.result.columns.join(', ');
  }
}

class TemplateColumn extends TemplateObject {
  readonly name: string;
  private readonly values: readonly unknown[];

  constructor(name: string, values: readonly unknown[]) {
    super();
    this.name = name;
    this.values = values;
  }

  override member(name: string): unknown {
    switch (name) {
      case 'name':
        return this.name;
      case 'values':
        return () => tupleOf(this.values);
      case 'values_distinct':
        return () => [...new Set(this.values)];
      default:
        return undefined;
    }
  }

  override item(key: unknown): unknown {
    return typeof key === 'number' ? this.values.at(key) : undefined;
  }

  override items(): readonly unknown[] {
    return this.values;
  }

  override toString(): string {
    return this.name;
  }
}

class TemplateRow extends TemplateObject {
  private readonly columns: readonly string[];
  private readonly values: readonly unknown[];

  constructor(columns: readonly string[], values: readonly unknown[]) {
    super();
    this.columns = columns;
    this.values = values;
  }

  override member(name: string): unknown {
    const index = this.columns.indexOf(name);
    if (index >= 0) return this.values[index] ?? null;
    switch (name) {
      case 'values':
        return () => tupleOf(this.values);
      case 'keys':
        return () => [...this.columns];
      case 'dict':
        return () => Object.fromEntries(this.columns.map((key, at) => [key, this.values[at]]));
      default:
        return undefined;
    }
  }

  override item(key: unknown): unknown {
    return typeof key === 'number' ? (this.values.at(key) ?? null) : this.member(String(key));
  }

  override items(): readonly unknown[] {
    return this.values;
  }

  override toString(): string {
    return `<row: ${this.values.map(String).join(', ')}>`;
  }
}
