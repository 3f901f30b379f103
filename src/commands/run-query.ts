import type { ClientBase, Pool, QueryConfig } from 'pg';
import { inTransaction, withClient } from '../database/transaction.js';
import { BeltError } from '../errors.js';
import { skipComments } from '../sql-comments.js';
import { createRowWriter, type Page, type QueryFormat, type RowWriter } from './row-writer.js';

/** Rows that are fetched at a time, so that memory does not grow with the result. */
const FETCHED_ROWS = 1000;

export interface QuerySettings {
  readonly format: QueryFormat;
  /** Whether a superuser stays one, who could write files from a read-only transaction too. */
  readonly asSuperuser?: boolean;
  /** Seconds for a statement on a server; 0 for no limit. */
  readonly timeoutSeconds?: number;
  /** Whether cells of CSV that a spreadsheet would calculate are made text. */
  readonly escapesFormulas?: boolean;
}

/** Reads one statement in a read-only transaction, as a role that can only read, and writes its rows. */
export async function runQuery(
  pool: Pool,
  sql: string,
  settings: QuerySettings,
  write: (text: string) => void,
): Promise<void> {
  await withClient(pool, async (client) => {
    try {
      await inTransaction(
        client,
        async () => {
          await restrict(client, settings);
          let writer: RowWriter | undefined;
          for await (const page of pagesOf(client, sql)) {
            writer ??= createRowWriter(settings, page, write);
            writer.add(page.rows);
          }
          writer?.end();
        },
        'begin read only',
      );
    } catch (error) {
      throw explained(error, sql);
    }
  });
}

/** What may be read is what a superuser may; what it may do besides, such as to write files, is not. */
async function restrict(client: ClientBase, settings: QuerySettings): Promise<void> {
  const { timeoutSeconds = 0, asSuperuser = false } = settings;
  await client.query("select set_config('statement_timeout', $1, true)", [`${timeoutSeconds}s`]);
  if (asSuperuser) return;
  const { rows } = await client.query<{ superuser: boolean }>(
    'select rolsuper as superuser from pg_roles where rolname = current_user',
  );
  if (rows[0]?.superuser) await client.query('set local role pg_read_all_data');
}

const CURSOR = 'declare belt_query no scroll cursor for ';

/** What a statement gives: by a cursor where it can have one; one page at the least. */
async function* pagesOf(client: ClientBase, sql: string): AsyncGenerator<Page> {
  const statement = sql.trim().replace(/;\s*$/, '');
  if (!isSelect(statement)) {
    yield await read(client, statement);
    return;
  }
  await client.query(single(`${CURSOR}${statement}`));
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

const NOT_ALLOWED = '42501';
const CANCELLED = '57014';

function explained(error: unknown, sql: string): unknown {
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
  if (code === CANCELLED && /timeout/.test(message)) {
    return new BeltError(`The query was stopped: ${message}`, {
      hint: 'Narrow it, or give it more time with --timeout SECONDS (0 for no limit).',
      cause: error,
    });
  }
  const place = position === undefined ? '' : ` at character ${typedPosition(sql, position)}`;
  return new BeltError(`The query failed${place}: ${message} (SQLSTATE ${code})`, {
    hint:
      code === NOT_ALLOWED
        ? 'belt query reads as a role that may read tables only; a superuser remains one with --as-superuser.'
        : (hint ?? '`belt status` lists the tables; correct the query and try again.'),
    cause: error,
  });
}

/** Where in what was typed a position of what was sent stands. */
function typedPosition(sql: string, position: string): number {
  const blanks = sql.length - sql.trimStart().length;
  const cursor = isSelect(sql.trim()) ? CURSOR.length : 0;
  return Number(position) - cursor + blanks;
}
