import type { ClientBase, CustomTypesConfig } from 'pg';
import pg from 'pg';
import { BOOLEAN_TYPE, NUMBER_TYPES } from '../database/value-types.js';
import { BeltError } from '../errors.js';
import { QueryNeeded } from '../project/templates/query-needed.js';
import type { QueryRows } from '../project/templates/table-object.js';

/** Queries that one rendering may ask at the most, against loops without end. */
const MAX_QUERIES = 1000;

/** Numbers and booleans as such, all else as the text that the database prints. */
const TYPES: CustomTypesConfig = {
  getTypeParser: (oid: number) => {
    if (NUMBER_TYPES.has(oid))
      return (text: string | null) => (text === null ? null : Number(text));
    if (oid === BOOLEAN_TYPE) return pg.types.getTypeParser(BOOLEAN_TYPE);
    return (text: string) => text;
  },
} as CustomTypesConfig;

/**
 * Renders templates that ask the database: each time that one asks what is not known yet, the
 * answer is fetched, and the rendering begun again with it.
 */
export async function renderWithQueries<T>(
  client: ClientBase,
  render: (ask: (sql: string) => QueryRows) => T,
): Promise<T> {
  const answers: { readonly sql: string; readonly rows: QueryRows }[] = [];
  for (;;) {
    let next = 0;
    try {
      return render((sql) => {
        const answer = answers[next];
        if (answer?.sql !== sql) {
          answers.length = next;
          throw new QueryNeeded(sql);
        }
        next++;
        return answer.rows;
      });
    } catch (error) {
      if (!(error instanceof QueryNeeded)) throw error;
      if (answers.length >= MAX_QUERIES) {
        throw new BeltError(`A template asks the database more than ${MAX_QUERIES} times.`, {
          hint: 'Ask once for all rows, and loop over them.',
        });
      }
      answers.push({ sql: error.sql, rows: await rowsOf(client, error.sql) });
    }
  }
}

async function rowsOf(client: ClientBase, sql: string): Promise<QueryRows> {
  const result = await client.query({ text: sql, rowMode: 'array', types: TYPES });
  // several statements give a list of results: the last one counts
  const last = Array.isArray(result) ? result.at(-1) : result;
  return {
    columns: (last?.fields ?? []).map((field: { name: string }) => field.name),
    rows: (last?.rows ?? []) as unknown[][],
  };
}
