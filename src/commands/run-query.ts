import type { Pool, QueryConfig } from 'pg';
import { inTransaction, withClient } from '../database/transaction.js';
import { BeltError } from '../errors.js';
import { textTable } from '../format.js';

export type QueryFormat = 'table' | 'json' | 'csv';

/** Rows that are fetched at a time, so that memory does not grow with the result. */
const FETCHED_ROWS = 1000;

/** Values as PostgreSQL prints them; null stays null. */
type Row = (string | null)[];

interface Page {
  readonly names: string[];
  readonly types: number[];
  readonly rows: Row[];
}

/** Reads one statement in a read-only transaction, and writes its rows. */
export async function runQuery(
  pool: Pool,
  sql: string,
  format: QueryFormat,
  write: (text: string) => void,
): Promise<void> {
  await withClient(pool, async (client) => {
    try {
      await inTransaction(
        client,
        async () => {
          const statement = sql.trim().replace(/;\s*$/, '');
          const isSelect =
            /^(?:\s|--[^\n]*\n|\/\*[\s\S]*?\*\/|\()*(select|with|table|values)\b/i.test(statement);
          const fetch = (text: string): Promise<Page> =>
            client
              .query({ ...single(text), rowMode: 'array', types: { getTypeParser: () => String } })
              .then((result) => ({
                names: result.fields.map((field) => field.name),
                types: result.fields.map((field) => field.dataTypeID),
                rows: result.rows as Row[],
              }));
          if (!isSelect) {
            const page = await fetch(statement);
            writePage(page, format, true, write);
            writeEnd(page.rows.length, format, write);
            return;
          }
          await client.query(single(`declare belt_query no scroll cursor for ${statement}`));
          let total = 0;
          for (;;) {
            const page = await fetch(`fetch ${FETCHED_ROWS} from belt_query`);
            if (page.rows.length > 0 || total === 0) writePage(page, format, total === 0, write);
            total += page.rows.length;
            if (page.rows.length < FETCHED_ROWS) break;
          }
          writeEnd(total, format, write);
        },
        'begin read only',
      );
    } catch (error) {
      throw explained(error);
    }
  });
}

/** The extended protocol takes one statement only: none can end the read-only transaction. */
function single(text: string): QueryConfig {
  return { text, queryMode: 'extended' } as QueryConfig;
}

function writePage(
  page: Page,
  format: QueryFormat,
  isFirst: boolean,
  write: (text: string) => void,
): void {
  switch (format) {
    case 'table':
      write(
        `${textTable(
          page.names,
          page.rows.map((row) => row.map((value) => value ?? '')),
        )}\n`,
      );
      break;
    case 'csv': {
      const lines = isFirst ? [page.names, ...page.rows] : page.rows;
      write(lines.map((row) => `${row.map(csvField).join(',')}\n`).join(''));
      break;
    }
    case 'json':
      write(
        page.rows
          .map((row, index) => {
            const members = page.names.map(
              (name, column) =>
                `${JSON.stringify(name)}:${jsonValue(row[column] ?? null, page.types[column])}`,
            );
            return `${isFirst && index === 0 ? '[' : ',\n'}{${members.join(',')}}`;
          })
          .join(''),
      );
      break;
  }
}

function writeEnd(total: number, format: QueryFormat, write: (text: string) => void): void {
  if (format === 'table') write(`(${total} ${total === 1 ? 'row' : 'rows'})\n`);
  if (format === 'json') write(total === 0 ? '[]\n' : ']\n');
}

function csvField(value: string | null): string {
  if (value === null) return '';
  return value === '' || /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
}

const NUMBERS = new Set([20, 21, 23, 26, 700, 701, 1700]);
const BOOLEAN = 16;
const JSON_TYPES = new Set([114, 3802]);

/** Numbers, booleans and JSON keep their kind; all else is text. */
function jsonValue(value: string | null, type: number | undefined): string {
  if (value === null) return 'null';
  if (type === undefined) return JSON.stringify(value);
  if (NUMBERS.has(type) && /^-?\d/.test(value)) return value;
  if (type === BOOLEAN) return value === 't' ? 'true' : 'false';
  return JSON_TYPES.has(type) ? value : JSON.stringify(value);
}

const READ_ONLY = '25006';

function explained(error: unknown): unknown {
  const { code, message, hint, position } = error as {
    code?: string;
    message: string;
    hint?: string;
    position?: string;
  };
  if (code === undefined) return error;
  if (code === READ_ONLY) {
    return new BeltError(`The statement would write: ${message}`, {
      hint: 'belt query only reads. To write, use psql: on the embedded engine by `belt db serve`.',
      cause: error,
    });
  }
  const place = position === undefined ? '' : ` at character ${position}`;
  return new BeltError(`The query failed${place}: ${message} (SQLSTATE ${code})`, {
    hint: hint ?? '`belt status` lists the tables; correct the query and try again.',
    cause: error,
  });
}
