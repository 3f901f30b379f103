import { expect, test } from 'vitest';
import { cutSpan } from '../../../src/run/catalog/chunks.js';

test('cuts a window at the bounds of chunks of any width, and between them where they would be', () => {
  expect(cutSpan([0, 35], [], 10)).toEqual([
    [0, 10],
    [10, 20],
    [20, 30],
    [30, 35],
  ]);
  // narrow chunks of before, one of two dimensions, and a wide one that begins where they end
  const there = [
    [3, 5],
    [5, 7],
    [5, 7],
    [20, 50],
  ] as const;
  expect(cutSpan([1, 45], there, 10)).toEqual([
    [1, 3],
    [3, 5],
    [5, 7],
    [7, 10],
    [10, 20],
    [20, 45],
  ]);
  expect(cutSpan([60, 61], there, 10)).toEqual([[60, 61]]);
});
