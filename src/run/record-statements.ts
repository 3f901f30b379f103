import type { PoolClient } from 'pg';

/** Statements that change nothing of the models. */
const LEFT_OUT =
  /^\s*(?:begin|commit|rollback|savepoint|select|with\b[^;]*\bselect|set|checkpoint|insert into belt\.)/i;

/** The same client, telling `onStatement` what it runs, as far as that changes something. */
export function recordStatements(
  client: PoolClient,
  onStatement: (sql: string) => void,
): PoolClient {
  const query = (...parameters: unknown[]) => {
    const [first] = parameters;
    if (typeof first === 'string' && !LEFT_OUT.test(first)) onStatement(first);
    return Reflect.apply(client.query, client, parameters);
  };
  return Object.create(client, { query: { value: query } }) as PoolClient;
}
