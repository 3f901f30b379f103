import { escapeIdentifier } from 'pg';
import { BeltError } from '../../errors.js';
import { bindArguments } from '../../jinja/arguments.js';
import {
  type Dict,
  isFunction,
  stringOf,
  type TemplateFunction,
  type TemplateObject,
} from '../../jinja/python/values.js';
import { TemplateRelation } from './relation-object.js';
import { type QueryRows, tableObject } from './table-object.js';

/** Asks the database while a template renders; undefined while there is none, as in parsing. */
export type Ask = ((sql: string) => QueryRows) | undefined;

/** The functions of dbt that read or write the database: run_query(), statement(), adapter, api. */
export function databaseFunctions(ask: Ask, database: string): Dict {
  const results = new Map<string, TemplateObject>();
  const query = (sql: string): TemplateObject | null =>
    ask === undefined ? null : tableObject(ask(sql));
  const statement: TemplateFunction = (positional, { caller, ...keywords }, place) => {
    const [name = keywords.name ?? 'main'] = positional;
    const sql = isFunction(caller) ? stringOf(caller([], {}, place)) : '';
    const result = query(sql);
    if (result !== null) results.set(stringOf(name), result);
    return '';
  };
  return {
    run_query: (positional: readonly unknown[], keywords: Dict) =>
      query(stringOf(bindArguments('run_query', ['sql'], positional, keywords).sql)),
    statement,
    load_result: ([name]: readonly unknown[]) => {
      const table = results.get(stringOf(name));
      if (table === undefined) return null;
      return { table, data: table.items(), response: 'OK' };
    },
    adapter: adapterFunctions(ask, database),
    api: {
      Relation: {
        create: (positional: readonly unknown[], keywords: Dict) => {
          const names = ['database', 'schema', 'identifier', 'type'] as const;
          const args = bindArguments('api.Relation.create', names, positional, keywords);
          return relationOf('api.Relation.create', args, database);
        },
      },
      Column: columnFunctions(),
    },
  };
}

function adapterFunctions(ask: Ask, database: string): Dict {
  const rows = (sql: string): readonly (readonly unknown[])[] => ask?.(sql).rows ?? [];
  return {
    type: () => 'postgres',
    quote: ([name]: readonly unknown[]) => escapeIdentifier(stringOf(name)),
    get_columns_in_relation: ([relation]: readonly unknown[]) =>
      rows(`select attname::text, format_type(atttypid, atttypmod)
        from pg_attribute
        where attrelid = to_regclass(${literal(relation)}) and attnum > 0 and not attisdropped
        order by attnum`).map(([name, type]) => columnFacts(stringOf(name), stringOf(type))),
    get_relation: (positional: readonly unknown[], keywords: Dict) => {
      const names = ['database', 'schema', 'identifier'] as const;
      const args = bindArguments('adapter.get_relation', names, positional, keywords);
      const relation = relationOf('adapter.get_relation', args, database);
      const [found] = rows(`select to_regclass(${literal(relation)}) is not null`);
      return found?.[0] === true ? relation : null;
    },
    check_schema_exists: (positional: readonly unknown[]) =>
      rows(
        `select to_regnamespace(${literal(escapeIdentifier(stringOf(positional.at(-1))))}) is not null`,
      )[0]?.[0] === true,
  };
}

/** Names of types that mean the same everywhere, by PostgreSQL's. */
const TYPE_LABELS: Readonly<Record<string, string>> = {
  STRING: 'TEXT',
  TIMESTAMP: 'TIMESTAMP',
  FLOAT: 'FLOAT',
  INTEGER: 'INT',
  BOOLEAN: 'BOOLEAN',
};

/** `api.Column`: makes columns, and translates the names of types. */
function columnFunctions(): Dict {
  const translated = (type: string) => TYPE_LABELS[type.toUpperCase()] ?? type;
  const create: TemplateFunction = (positional, keywords) => {
    const args = bindArguments('api.Column', ['name', 'label_or_dtype'], positional, keywords);
    return columnFacts(stringOf(args.name), translated(stringOf(args.label_or_dtype)));
  };
  return {
    create,
    translate_type: ([type]: readonly unknown[]) => translated(stringOf(type)),
    string_type: ([size]: readonly unknown[]) => `character varying(${stringOf(size)})`,
    numeric_type: ([type, precision, scale]: readonly unknown[]) =>
      precision == null || scale == null
        ? stringOf(type)
        : `${stringOf(type)}(${stringOf(precision)},${stringOf(scale)})`,
  };
}

/** A column as dbt's adapters tell it. */
function columnFacts(name: string, type: string): Dict {
  return {
    name,
    column: name,
    dtype: type,
    data_type: type,
    quoted: escapeIdentifier(name),
    is_string: () => /char|text/.test(type),
    is_number: () => /int|numeric|double|real/.test(type),
    is_numeric: () => type.startsWith('numeric'),
    is_integer: () => /^(small|big)?int/.test(type),
    is_float: () => /double|real/.test(type),
  };
}

/** The relation that the arguments of a function name. */
function relationOf(
  what: string,
  args: Readonly<Record<'database' | 'schema' | 'identifier', unknown>>,
  database: string,
): TemplateRelation {
  const { schema, identifier } = args;
  if (typeof schema !== 'string' || typeof identifier !== 'string') {
    throw new BeltError(`${what}() takes a schema and an identifier, as texts.`, {
      hint: `Write ${what}(schema=this.schema, identifier='name').`,
    });
  }
  if ((args.database ?? database) !== database) {
    throw new BeltError(`${what}() names the database ${stringOf(args.database)}.`, {
      hint: `PostgreSQL reads one database at a time, here ${database}: leave database out.`,
    });
  }
  return new TemplateRelation({ schema, identifier }, database);
}

function literal(value: unknown): string {
  return `'${stringOf(value).replaceAll("'", "''")}'`;
}
