import { BOOLEAN_TYPE, JSON_TYPES, NUMBER_TYPES } from '../database/value-types.js';
import { tableLayout } from '../format.js';

export const QUERY_FORMATS = ['table', 'json', 'csv'] as const;

export type QueryFormat = (typeof QUERY_FORMATS)[number];

/** Values as PostgreSQL prints them; null stays null. */
type Row = readonly (string | null)[];

/** A part of the rows of a query. */
export interface Page {
  /** Names, and PostgreSQL's type OIDs. */
  readonly columns: readonly { readonly name: string; readonly type: number }[];
  readonly rows: readonly Row[];
}

/** Writes the rows of one query, a page at a time. */
export interface RowWriter {
  add(rows: readonly Row[]): void;
  /** Writes what follows the last row. */
  end(): void;
}

type Write = (text: string) => void;

interface CsvSettings {
  readonly format: QueryFormat;
  readonly escapesFormulas?: boolean;
}

/** `first` tells the columns, and how wide a table is. */
export function createRowWriter(
  { format, escapesFormulas = false }: CsvSettings,
  first: Page,
  write: Write,
): RowWriter {
  switch (format) {
    case 'table':
      return tableWriter(first, write);
    case 'csv':
      return csvWriter(first, escapesFormulas, write);
    case 'json':
      return jsonWriter(first, write);
  }
}

function tableWriter({ columns, rows }: Page, write: Write): RowWriter {
  const cells = (row: Row) => row.map((value) => value ?? '');
  const layout = tableLayout(
    columns.map(({ name }) => name),
    rows.map(cells),
  );
  let total = 0;
  write(`${layout.head}\n`);
  return {
    add: (more) => {
      total += more.length;
      write(more.map((row) => `${layout.line(cells(row))}\n`).join(''));
    },
    end: () => write(`(${total} ${total === 1 ? 'row' : 'rows'})\n`),
  };
}

function csvWriter({ columns }: Page, escapesFormulas: boolean, write: Write): RowWriter {
  const field = escapesFormulas ? (value: string | null) => csvField(asText(value)) : csvField;
  const line = (row: Row) => `${row.map(field).join(',')}\n`;
  write(line(columns.map(({ name }) => name)));
  return { add: (rows) => write(rows.map(line).join('')), end: () => undefined };
}

/** An apostrophe before what a spreadsheet would calculate, such as `=1+2`; numbers stay. */
function asText(value: string | null): string | null {
  if (value === null || /^[+-]?[\d.]+(e[+-]?\d+)?$/i.test(value)) return value;
  return /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
}

function csvField(value: string | null): string {
  if (value === null) return '';
  return value === '' || /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
}

function jsonWriter({ columns }: Page, write: Write): RowWriter {
  const object = (row: Row) => {
    const members = columns.map(
      ({ name, type }, index) => `${JSON.stringify(name)}:${jsonValue(row[index] ?? null, type)}`,
    );
    return `{${members.join(',')}}`;
  };
  let isEmpty = true;
  return {
    add: (rows) => {
      if (rows.length === 0) return;
      write(`${isEmpty ? '[' : ',\n'}${rows.map(object).join(',\n')}`);
      isEmpty = false;
    },
    end: () => write(isEmpty ? '[]\n' : ']\n'),
  };
}

/** Numbers, booleans and JSON keep their kind; all else is text. */
function jsonValue(value: string | null, type: number): string {
  if (value === null) return 'null';
  if (NUMBER_TYPES.has(type) && /^-?\d/.test(value)) return value;
  if (type === BOOLEAN_TYPE) return value === 't' ? 'true' : 'false';
  return JSON_TYPES.has(type) ? value : JSON.stringify(value);
}
