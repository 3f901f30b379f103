import { expect, test } from 'vitest';
import { skipComments } from '../src/sql-comments.js';

test.each([
  ['select 1', 'select 1'],
  ['  \n\tselect 1', 'select 1'],
  ['-- a\n/* b\n-- c */ -- d\r\nselect 1 -- e', 'select 1 -- e'],
  ['/**/select', 'select'],
  ['-- all of it', ''],
  ['', ''],
  ['- 1', '- 1'],
  ['/* open', '/* open'],
])('SQL begins behind whitespace and comments: %j', (sql, rest) => {
  expect(sql.slice(skipComments(sql))).toBe(rest);
  expect(`(${sql}`.slice(skipComments(`(${sql}`, 1))).toBe(rest);
});
