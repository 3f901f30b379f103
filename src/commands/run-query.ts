import type { ClientBase, Pool, QueryConfig } from 'pg';
import { inTransaction, withClient } from '../database/transaction.js';
import { BeltError } from '../errors.js';
import { skipComments } from '../sql-comments.js';
import { createRowWriter, type Page, type QueryFormat, type RowWriter } from './row-writer.js';

/** Rows that are fetched at a time, so that memory does not grow with the result. */
const FETCHED_ROWS = 1000;

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
          let writer: RowWriter | undefined;
          for await (const page of pagesOf(client, sql)) {
            writer ??= createRowWriter(format, page, write);
            writer.add(page.rows);
          }
          writer?.end();
        },
        'begin read only',
      );
    } catch (error) {
      throw explained(error);
    }
  });
}

/** What a statement gives: by a cursor where it can have one; one page at the least. */
async function* pagesOf(client: ClientBase, sql: string): AsyncGenerator<Page> {
  const statement = sql.trim().replace(/;\s*$/, '');
  if (!isSelect(statement)) {
    yield await read(client, statement);
    return;
  }
  await client.query(single(`declare belt_query no scroll cursor for ${statement}`));
  for (let isFirst = true; ; isFirst = false) {
    const page = await read(client, `fetch ${FETCHED_ROWS} from belt_query`);
    if (isFirst || page.rows.length > 0) yield page;
    if (page.rows.length < FETCHED_ROWS) return;
  }
}

/** Whether a cursor can read it: what it begins with, behind comments and brackets. */
function isSelect(statement: string): boolean {
  let at = skipComments(statement);
  while (statement[at] === '(') at = skipComments(statement, at + 1);
  return /^(select|with|table|values)\b/i.test(statement.slice(at));
}

async function read(client: ClientBase, statement: string): Promise<Page> {
  const { fields, rows } = await client.query<(string | null)[]>({
    ...single(statement),
    rowMode: 'array',
    types: { getTypeParser: () => String },
  });
  return { columns: fields.map(({ name, dataTypeID }) => ({ name, type: dataTypeID })), rows };
}

/** The extended protocol takes one statement only: none can end the read-only transaction. */
function single(text: string): QueryConfig {
  return { text, queryMode: 'extended' } as QueryConfig;
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
