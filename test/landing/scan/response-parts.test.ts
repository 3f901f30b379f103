import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { planParts } from '../../../src/landing/scan/response-parts.js';
import { createScanner } from '../../../src/landing/scan/scanner.js';
import { SHAPES, type ShapeName } from './shapes.js';

const LATEST_MS = Date.UTC(2025, 6, 1);

interface Scanned {
  readonly readings: number;
  readonly parts: readonly string[];
}

function cut(shape: ShapeName, document: string, partBytes: number, chunkBytes = 50): Scanned {
  const bytes = Buffer.from(document);
  const options = { latestMs: LATEST_MS, partBytes };
  const scanner = createScanner(SHAPES[shape], options);
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    scanner.push(bytes.subarray(at, at + chunkBytes));
  }
  const result = scanner.end();
  if (!result.ok) throw new Error(result.fault.message);
  const parts = planParts(result.layout, result.size, partBytes).map((plan) => {
    const part = Buffer.concat(
      plan.segments.map((segment) =>
        'literal' in segment ? segment.literal : bytes.subarray(segment.start, segment.end),
      ),
    );
    expect(part.length).toBe(plan.bytes);
    return part.toString();
  });
  return { readings: result.profile.readings, parts };
}

/** Checks a part as a response of its own. */
function readingsOf(shape: ShapeName, part: string): number {
  const scanner = createScanner(SHAPES[shape], { latestMs: LATEST_MS });
  scanner.push(Buffer.from(part));
  const result = scanner.end();
  if (!result.ok) throw new Error(`${result.fault.message}: ${part}`);
  return result.profile.readings;
}

interface Entry {
  readonly name: string;
  readonly data: unknown[];
  readonly [member: string]: unknown;
}
interface Telemetry {
  readonly series: Entry[];
  readonly [member: string]: unknown;
}

/** Puts the parts of telemetry whose series have different names together again. */
function join(parts: readonly string[]): unknown {
  const series = new Map<string, Entry>();
  let top: Record<string, unknown> = {};
  for (const part of parts) {
    const { series: entries, ...others } = JSON.parse(part) as Telemetry;
    if (Object.keys(top).length > 0) expect(others).toEqual(top);
    top = others;
    for (const entry of entries) {
      const known = series.get(entry.name);
      if (known !== undefined) expect({ ...entry, data: known.data }).toEqual(known);
      series.set(entry.name, { ...entry, data: [...(known?.data ?? []), ...entry.data] });
    }
  }
  return { ...top, series: [...series.values()] };
}

const element = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.tuple(fc.integer({ min: 1e12, max: 1738850562000 }), fc.integer()),
  },
  fc.constantFrom(null, 'é', [], [1738850562000, null], { a: [1, 2] }, 12),
);

const telemetry = fc
  .record({
    series: fc.array(
      fc.record({
        data: fc.array(element, { maxLength: 40 }),
        unit: fc.constantFrom('W', ['k', { data: [1] }]),
      }),
      { maxLength: 8 },
    ),
    page: fc.nat(9),
    isNameFirst: fc.boolean(),
    isTopLast: fc.boolean(),
  })
  .map(({ series, page, isNameFirst, isTopLast }): Telemetry => {
    const entries = series.map(({ data, unit }, index) =>
      isNameFirst ? { name: `s${index}`, unit, data } : { data, unit, name: `s${index}` },
    );
    return isTopLast ? { series: entries, page } : { page, series: entries };
  });

describe('parts of telemetry', () => {
  test('hold every element once, in order, and repeat the rest', () => {
    fc.assert(
      fc.property(
        telemetry,
        fc.constantFrom(undefined, 1, 2),
        fc.integer({ min: 120, max: 900 }),
        fc.integer({ min: 1, max: 300 }),
        (value, indent, partBytes, chunkBytes) => {
          const document = JSON.stringify(value, null, indent);
          const { readings, parts } = cut('telemetry', document, partBytes, chunkBytes);
          expect(join(parts)).toEqual(value);
          const found = parts.map((part) => readingsOf('telemetry', part));
          expect(found.reduce((sum, count) => sum + count, 0)).toBe(readings);
          const around = JSON.stringify({ page: 1, series: [] }, null, indent).length;
          const entry = JSON.stringify(
            [{ name: 's1', unit: ['k', { data: [1] }] }],
            null,
            4,
          ).length;
          for (const part of parts) {
            expect(part.length).toBeLessThanOrEqual(partBytes + around + 3 * entry);
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  test('are the response itself if it fits', () => {
    const document = '  {"series": [ ] }\n';
    expect(cut('telemetry', document, 200).parts).toEqual([document]);
  });

  test('are one where there is nothing to cut', () => {
    const document = `${' '.repeat(300)}{"series":[  ]}${' '.repeat(300)}`;
    expect(cut('telemetry', document, 200).parts).toEqual(['{"series":[]}']);
  });

  test('keep a series without data that is large', () => {
    const unit = 'x'.repeat(300);
    const series = [
      { name: 'a', data: [1] },
      { name: 'b', unit, data: [] },
      { name: 'c', data: [2] },
    ];
    const { parts } = cut('telemetry', JSON.stringify({ series }), 200);
    expect(join(parts)).toEqual({ series });
  });

  test('are filled', () => {
    const data = Array.from({ length: 500 }, (_, index) => [1738850562000 + index * 4000, index]);
    const series = [{ name: 'a', data }, ...'bcdefgh'].map((entry) =>
      typeof entry === 'string' ? { name: entry, data: data.slice(0, 2) } : entry,
    );
    const { parts } = cut('telemetry', JSON.stringify({ series }), 1000);
    expect(parts.length).toBeGreaterThan(10);
    parts.slice(1).forEach((part, index) => {
      expect(part.length).toBeLessThanOrEqual(1000);
      expect(parts[index]?.length).toBeGreaterThan(800);
    });
  });
});

describe('parts of assets', () => {
  test('hold every asset once, in order, and repeat the count', () => {
    const items = Array.from({ length: 60 }, (_, index) => ({
      deviceId: `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`,
      description: 'é]},{['.repeat(index % 5),
      state: index % 2 === 0 ? 'Ok' : null,
    }));
    for (const indent of [undefined, 2]) {
      for (const partBytes of [250, 1000, 3000]) {
        const document = JSON.stringify({ totalCount: 900, items }, null, indent);
        const { parts } = cut('assets', document, partBytes);
        expect(parts.length).toBeGreaterThan(1);
        const found = parts.map((part) => {
          readingsOf('assets', part);
          return JSON.parse(part) as { totalCount: number; items: unknown[] };
        });
        expect(found.every(({ totalCount }) => totalCount === 900)).toBe(true);
        expect(found.flatMap((part) => part.items)).toEqual(items);
      }
    }
  });
});
