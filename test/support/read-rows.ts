import type { ClientBase, CustomTypesConfig } from 'pg';

/** Type ids of integers, oid, floats and numeric. */
const NUMBERS = new Set([20, 21, 23, 26, 700, 701, 1700]);
const BOOLEAN = 16;
/** Type ids of json and jsonb. */
const JSON_TYPES = new Set([114, 3802]);

/** Values as `belt query --format json` gives them: numbers, booleans and JSON; all else is text. */
const TYPES = {
  getTypeParser: (type: number) => (text: string) => {
    if (type === BOOLEAN) return text === 't';
    if (JSON_TYPES.has(type) || (NUMBERS.has(type) && /^-?\d/.test(text))) return JSON.parse(text);
    return text;
  },
} as CustomTypesConfig;

/** Reads rows in a transaction that can only read, with times in UTC. */
export async function readRows<T>(client: ClientBase, sql: string): Promise<T[]> {
  await client.query("begin read only; set local timezone = 'UTC'");
  try {
    const { rows } = await client.query({ text: sql, types: TYPES });
    return rows as T[];
  } finally {
    await client.query('rollback');
  }
}
