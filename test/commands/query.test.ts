import { describe, expect, test } from 'vitest';
import { createWorkspace, ENGINES } from '../support/workspace.js';

/** More than are fetched at a time. */
const ROWS = 2500;
const MANY_ROWS = `select n, case when n % 2 = 0 then 'even' end as kind from generate_series(1, ${ROWS}) as n`;

describe.each(ENGINES)('belt query on the %s engine', (engine) => {
  test('prints many rows as one table, one JSON array, one CSV', async () => {
    const workspace = await createWorkspace(engine);
    const read = async (format: string) =>
      (await workspace.beltOk('query', MANY_ROWS, '--format', format)).stdout;

    const [head, rule, ...rows] = (await read('table')).trimEnd().split('\n');
    expect(head).toBe('   n  kind');
    expect(rule).toBe('----  ----');
    expect(rows.at(-1)).toBe(`(${ROWS} rows)`);
    expect(rows.slice(0, -1)).toEqual(
      Array.from({ length: ROWS }, (_, index) =>
        `${String(index + 1).padStart(4)}  ${index % 2 === 1 ? 'even' : ''}`.trimEnd(),
      ),
    );

    const objects = JSON.parse(await read('json'));
    expect(objects).toHaveLength(ROWS);
    expect(objects.slice(-2)).toEqual([
      { n: ROWS - 1, kind: null },
      { n: ROWS, kind: 'even' },
    ]);

    const lines = (await read('csv')).trimEnd().split('\n');
    expect(lines).toHaveLength(ROWS + 1);
    expect(lines.slice(0, 2)).toEqual(['n,kind', '1,']);
  });

  test('reads times in UTC', async () => {
    const workspace = await createWorkspace(engine);
    const { stdout } = await workspace.beltOk('query', 'show timezone', '--format', 'csv');
    expect(stdout).toBe('TimeZone\nUTC\n');
  });
});
