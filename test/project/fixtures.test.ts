import { describe, expect, it } from 'vitest';
import { type Files, faultsOf, load, unitTest } from './temp-project.js';

describe('rows of unit tests', () => {
  const given = (rows: string) => `given:\n  - input: ref('r')\n    ${rows}\nexpect: {rows: []}`;

  it.each([
    [
      'a fixture that is not there',
      unitTest(given('format: csv\n    fixture: rws'), { 'tests/fixtures/rows.csv': 'id\n1\n' }),
      'models/m.yml:7: There is no fixture rws.csv (did you mean rows.csv?).',
    ],
    [
      'a fixture without a format',
      unitTest(given('fixture: rows'), { 'tests/fixtures/rows.csv': 'id\n1\n' }),
      'models/m.yml:6: A fixture has no format dict.',
    ],
    [
      'CSV without its format',
      unitTest(given('rows: |\n      id\n      1')),
      'models/m.yml:6: rows is a text.',
    ],
    [
      'a list of the format csv',
      unitTest(given('format: csv\n    rows: [{id: 1}]')),
      'models/m.yml:7: rows is no csv, but a list.',
    ],
    [
      'a list of the format sql',
      unitTest(given('format: sql\n    rows: [{id: 1}]')),
      'models/m.yml:7: rows is no sql, but a list.',
    ],
    [
      'a format that is misspelt',
      unitTest(given('format: cvs\n    rows: x')),
      'models/m.yml:6: format is cvs, which belt does not know (did you mean csv?).',
    ],
    [
      'rows that are no dictionaries',
      unitTest(given('rows: [1]')),
      'models/m.yml:6: An entry of rows must be a dictionary, not a number.',
    ],
    ['none at all', unitTest(given('format: dict')), 'models/m.yml:5: There are no rows.'],
    [
      'CSV whose rows differ in length',
      unitTest(given('format: csv\n    rows: |\n      id,a\n      1,2\n      3')),
      expect.stringMatching(/^models\/m\.yml:10: This fixture cannot be read: /),
    ],
    [
      'of a misspelt input',
      unitTest('given: [{inputs: r, rows: []}]\nexpect: {rows: []}'),
      'models/m.yml:4: An input of a unit test has no key inputs (did you mean input?).',
    ],
  ])('%s', (_, files, expected) => {
    expect(faultsOf(files as Files)).toEqual([expected]);
  });

  it('come from fixtures, and from seeds where none are given', () => {
    const project = load(
      unitTest(
        "given:\n  - {input: ref('r'), format: csv, fixture: rows}\n  - {input: ref('s')}\nexpect: {format: sql, fixture: wanted}",
        {
          'tests/fixtures/rows.csv': 'id,a\n1,\n',
          'tests/fixtures/wanted.sql': 'select 1 as id',
        },
      ),
    );
    expect(project.nodes.get('unit_test.belt.m.t')).toMatchObject({
      given: [{ input: "ref('r')", fixture: { format: 'csv', rows: [{ id: '1', a: null }] } }],
      expected: { format: 'sql', sql: 'select 1 as id' },
    });
    expect([...project.nodes.keys()].filter((id) => id.startsWith('test.'))).toEqual([]);
  });
});
