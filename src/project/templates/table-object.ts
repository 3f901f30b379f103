import { TemplateObject, tupleOf } from '../../jinja/python/values.js';

/** Rows that the database gave to run_query(), by column; numbers and booleans are such. */
export interface QueryRows {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
}

/** What run_query() gives: an agate table, as far as templates use one. */
export function tableObject({ columns, rows }: QueryRows): ListObject {
  const list = rows.map((values) => rowObject(columns, values));
  const lists = columns.map((name, index) =>
    columnObject(
      name,
      rows.map((values) => values[index]),
    ),
  );
  const byName = Object.fromEntries(columns.map((name, index) => [name, lists[index]]));
  const members: Readonly<Record<string, unknown>> = {
    columns: new ListObject(columns.join(', '), lists, { ...byName, keys: () => [...columns] }),
    column_names: tupleOf(columns),
    rows: list,
    print_table: () => '',
  };
  return new ListObject(`<table of ${rows.length} rows: ${columns.join(', ')}>`, list, members);
}

function columnObject(name: string, values: readonly unknown[]): ListObject {
  return new ListObject(name, values, {
    name,
    values: () => tupleOf(values),
    values_distinct: () => [...new Set(values)],
  });
}

function rowObject(columns: readonly string[], values: readonly unknown[]): ListObject {
  const dict = () => Object.fromEntries(columns.map((name, index) => [name, values[index]]));
  return new ListObject(`<row: ${values.map(String).join(', ')}>`, values, {
    values: () => tupleOf(values),
    keys: () => [...columns],
    dict,
    ...dict(),
  });
}

/** A list whose items are taken by their place too, with members of its own. */
class ListObject extends TemplateObject {
  private readonly text: string;
  private readonly list: readonly unknown[];
  private readonly members: Readonly<Record<string, unknown>>;

  constructor(text: string, list: readonly unknown[], members: Readonly<Record<string, unknown>>) {
    super();
    this.text = text;
    this.list = list;
    this.members = members;
  }

  override member(name: string): unknown {
    return Object.hasOwn(this.members, name) ? this.members[name] : undefined;
  }

  override item(key: unknown): unknown {
    return typeof key === 'number' ? this.list.at(key) : this.member(String(key));
  }

  override items(): readonly unknown[] {
    return this.list;
  }

  override toString(): string {
    return this.text;
  }
}
