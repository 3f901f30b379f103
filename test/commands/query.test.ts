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

  test('reads as a role that can only read, and tells positions as typed', async () => {
    const workspace = await createWorkspace(engine);
    const file = `${workspace.dir}/out.txt`;
    const write = `copy (select 1) to '${file}'`;
    for (const sql of [
      write,
      `select pg_read_file('PG_VERSION')`,
      `select lo_import('/etc/passwd')`,
    ]) {
      const { code, stderr } = await workspace.belt('query', sql);
      expect({ code, stderr }).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/42501.*\n.*--as-superuser/),
      });
    }
    await workspace.beltOk(
      'query',
      "select pg_read_file('PG_VERSION') is not null",
      '--as-superuser',
    );
    const wrong = await workspace.belt('query', '  select 1 +\n nothing');
    expect(wrong.stderr).toContain('at character 15: column "nothing" does not exist');
    const read = await workspace.beltOk(
      'query',
      'select count(*) from raw.batch',
      '--format',
      'csv',
    );
    expect(read.stdout).toBe('count\n0\n');
  });

  test('keeps control characters from terminals and logs, and formulas from spreadsheets', async () => {
    const workspace = await createWorkspace(engine);
    const text = "select E'=1+1' as a, E'-2' as b, E'\\x1b]52;c;eA==\\x07\\nx' as c";
    expect((await workspace.beltOk('query', text)).stdout.split('\n')[2]).toBe(
      '=1+1  -2  \\u001b]52;c;eA==\\u0007\\u000ax',
    );
    const csv = await workspace.beltOk('query', text, '--format', 'csv', '--escape-formulas');
    expect(csv.stdout).toBe('a,b,c\n\'=1+1,-2,"\x1b]52;c;eA==\x07\nx"\n');
    const path = 'telemetry/x\x1b[2J\nError: forged.json';
    workspace.write(`in/${path}`, '{}');
    const landed = await workspace.belt('land', '--source', `${workspace.dir}/in`);
    const all = landed.stdout + landed.stderr;
    expect(all).toContain('telemetry/x\\u001b[2J\\u000aError: forged.json: ');
    expect(all).not.toContain('\x1b');
    expect(all).not.toMatch(/^Error: forged/m);
  });
});
