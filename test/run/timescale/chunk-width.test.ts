import { expect, test } from 'vitest';
import { chunkDaysOf } from '../../../src/run/timescale/chunk-width.js';
import { mergeable } from '../../../src/run/timescale/merge-chunks.js';

const fleet = (devices: number, cadenceSeconds: number) => ({
  rowsADay: (devices * 86_400) / cadenceSeconds,
  rowsADayOfSegment: 86_400 / cadenceSeconds,
});

test('chunks are as wide as fills the columnstore, and no wider than memory and 30 days allow', () => {
  expect(chunkDaysOf(fleet(17, 300))).toBe(30);
  expect(chunkDaysOf(fleet(100, 60))).toBe(4);
  expect(chunkDaysOf(fleet(1000, 60))).toBe(2);
  expect(chunkDaysOf(fleet(20, 4))).toBe(1);
  expect(chunkDaysOf(fleet(10_000, 4))).toBe(1);
  expect(chunkDaysOf({ rowsADay: 0, rowsADayOfSegment: 0 })).toBe(30);
});

test('merges neighbours within the bounds of a wider chunk, but for the newest', () => {
  const span = (start: number, end: number, isCompressed = true) => ({
    ...{ chunk: `${start}`, start, end, isCompressed },
    rows: 1,
  });
  const days = [0, 1, 2, 3, 5, 6, 7, 8, 9, 10, 11].map((day) => span(day, day + 1, day !== 6));
  const merged = mergeable(days, 4).map((group) => group.map(({ start }) => start));
  expect(merged).toEqual([[0, 1, 2, 3]]);
  expect(
    mergeable([...days, span(12, 13)], 4).map((group) => group.map(({ start }) => start)),
  ).toEqual([
    [0, 1, 2, 3],
    [8, 9, 10, 11],
  ]);
});
