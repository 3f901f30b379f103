import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { HourRanges, MAX_HOUR_RANGES } from '../../../src/landing/scan/hour-ranges.js';
import type { FaultReason, ScanFault } from '../../../src/landing/scan/scan-fault.js';
import {
  createScanner,
  type ScanOptions,
  type ScanResult,
} from '../../../src/landing/scan/scanner.js';
import type { DocumentShape } from '../../../src/raw/document-shape.js';
import { SHAPES, type ShapeName } from './shapes.js';

const LATEST_MS = Date.UTC(2025, 6, 1);
const EARLIEST_MS = Date.UTC(2000, 0, 1);
const HOUR_MS = 3_600_000;
const UUID = '200e55ab-790b-4049-bf23-f84dc866dd32';

function scan(
  shape: ShapeName | DocumentShape,
  document: string | Buffer,
  chunkSizes: readonly number[] = [],
  options: Partial<ScanOptions> = {},
): ScanResult {
  const bytes = Buffer.from(document);
  const scanner = createScanner(typeof shape === 'string' ? SHAPES[shape] : shape, {
    latestMs: LATEST_MS,
    ...options,
  });
  let at = 0;
  for (let turn = 0; at < bytes.length; turn++) {
    const size = chunkSizes[turn % chunkSizes.length] ?? bytes.length;
    // a chunk is the reader's to reuse once it is pushed
    const chunk = Uint8Array.prototype.slice.call(bytes, at, at + size);
    scanner.push(chunk);
    chunk.fill(0x78);
    at += size;
  }
  return scanner.end();
}

function faultOf(result: ScanResult): ScanFault | undefined {
  return result.ok ? undefined : result.fault;
}

/** Takes a document with a mark in front of the byte that is at fault. */
function marked(text: string): { document: string; offset: number; line: number; column: number } {
  const [before = '', ...after] = text.split('\u261e');
  const lines = before.split('\n');
  return {
    document: before + after.join(''),
    offset: Buffer.byteLength(before),
    line: lines.length,
    column: Array.from(lines.at(-1) ?? '').length + 1,
  };
}

function expectFault(shape: ShapeName, text: string, reason: FaultReason): void {
  const { document, ...position } = marked(text);
  const fault = faultOf(scan(shape, document));
  expect(fault).toMatchObject({ reason, ...position });
  for (const size of [1, 2, 3, 7]) expect(faultOf(scan(shape, document, [size]))).toEqual(fault);
}

const chunkSizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 6 });

describe('JSON of any shape', () => {
  test.each([
    'null',
    ' true ',
    'false\r\n',
    '0',
    '-0',
    '-0.0e-0',
    '12.50E+2',
    '1e0000001',
    '""',
    '"a"',
    '"\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\uABCD\\ud83d\\udE00"',
    '"\u007f \u2028 \u2029 \uffff \u{10ffff} \u{1f600} é"',
    '[]',
    '{}',
    '[ ]',
    '{ }',
    '\t\n\r [1 ,2\n,\r3\t]',
    '{"a":1,"a":2}',
    '{"":0}',
    '[[],{},[{}],"",null,-1]',
    '{"a":{"b":[{"c":null}]},"d":"e"}',
    `${'['.repeat(512)}${']'.repeat(512)}`,
    `1${'0'.repeat(131_071)}`,
    '1e131071',
    '-12.5e131070',
    '1e-16383',
    `0.${'0'.repeat(16_382)}1`,
    '0e200000',
    `1${'0'.repeat(140_000)}e-10000`,
    `[0.${'1'.repeat(20_000)}e10000]`,
  ])('accepts what is right: %#', (document) => {
    expect(scan('other', document).ok).toBe(true);
    expect(scan('other', document, [1]).ok).toBe(true);
    expect(() => JSON.parse(document)).not.toThrow();
  });

  test.each<[string, FaultReason]>([
    ['\u261e', 'empty'],
    ['\u261e \n\t ', 'empty'],
    ['\n \u261e<!doctype html><title>502</title>', 'html'],
    ['\u261eBad gateway', 'not_json'],
    ['\u261eNaN', 'not_json'],
    ['\u261e}', 'not_json'],
    ['\u261e\u0000', 'not_json'],
    ['\u261e\ufeff{}', 'byte_order_mark'],
    ['\u261e\uff41', 'not_json'],
    ['{"a":[1,2\u261e', 'truncated'],
    ['[\u261e', 'truncated'],
    ['{"a"\u261e', 'truncated'],
    ['"abc\u261e', 'truncated'],
    ['"\\\u261e', 'truncated'],
    ['"\\u12\u261e', 'truncated'],
    ['"\\ud800\u261e', 'truncated'],
    ['-\u261e', 'truncated'],
    ['1.\u261e', 'truncated'],
    ['1e\u261e', 'truncated'],
    ['1e+\u261e', 'truncated'],
    ['tru\u261e', 'truncated'],
    ['[1\n,2,\n\u261e', 'truncated'],
    ['[1,\u261e]', 'syntax'],
    ['[\u261e,1]', 'syntax'],
    ['[1,\u261e,2]', 'syntax'],
    ['[1 \u261e2]', 'syntax'],
    ['["a" \u261e"b"]', 'syntax'],
    ['["a"\u261e:1]', 'syntax'],
    ['[1\u261e}', 'syntax'],
    ['{"a":1\u261e]', 'syntax'],
    ['{"a":1,\u261e}', 'syntax'],
    ['{\u261e,"a":1}', 'syntax'],
    ['{"a"\u261e,1}', 'syntax'],
    ['{"a":\u261e}', 'syntax'],
    ['{"a":\u261e:1}', 'syntax'],
    ['{\u261ea:1}', 'syntax'],
    ["{\u261e'a':1}", 'syntax'],
    ['{\u261e1:1}', 'syntax'],
    ['{"a":1 \u261e"b":2}', 'syntax'],
    ['[\u261e/* no */1]', 'syntax'],
    ['[1]\u261e]', 'syntax'],
    ['{} \n\u261e{}', 'syntax'],
    ['1\u261e,', 'syntax'],
    ['[0\u261e1]', 'syntax'],
    ['[-0\u261e1]', 'syntax'],
    ['[-\u261e]', 'syntax'],
    ['[-\u261ea]', 'syntax'],
    ['[\u261e+1]', 'syntax'],
    ['[\u261e.5]', 'syntax'],
    ['[1.\u261e]', 'syntax'],
    ['[1.\u261ee1]', 'syntax'],
    ['[1.2\u261e.3]', 'syntax'],
    ['[1e\u261e]', 'syntax'],
    ['[1e1\u261e.5]', 'syntax'],
    ['[1e+\u261e-1]', 'syntax'],
    ['[0\u261ex1]', 'syntax'],
    ['[1\u261e_000]', 'syntax'],
    ['[\u261eNaN]', 'syntax'],
    ['[\u261eInfinity]', 'syntax'],
    ['[-\u261eInfinity]', 'syntax'],
    ['[n\u261ean]', 'syntax'],
    ['[tru\u261eE]', 'syntax'],
    ['[true\u261ee]', 'syntax'],
    ['[nul\u261e]', 'syntax'],
    ['[\u261e\uff41]', 'syntax'],
    ['[\u261e\u00a01]', 'syntax'],
    ['[\u261e\f1]', 'syntax'],
    ['[1\u261e\u0000]', 'syntax'],
    ['"a\u261e\nb"', 'syntax'],
    ['"a\u261e\tb"', 'syntax'],
    ['"\u261e\u0000"', 'syntax'],
    ['"\\\u261ex41"', 'syntax'],
    ['"\\\u261e\'"', 'syntax'],
    ['"\\\u261eU0041"', 'syntax'],
    ['"\\u00\u261eg0"', 'syntax'],
    ['"\\\u261e\u00e9"', 'syntax'],
    ['["é\u{1f600}\u261e\u0001"]', 'syntax'],
    ['["é",\n"\u{1f600}", \u261e]', 'syntax'],
    ['"a\u261e\\u0000"', 'nul_character'],
    ['{"\u261e\\u0000":1}', 'nul_character'],
    ['"\u261e\\ud800"', 'unpaired_surrogate'],
    ['"\u261e\\ud800\\ud800"', 'unpaired_surrogate'],
    ['"\u261e\\ud800\\n"', 'unpaired_surrogate'],
    ['"\u261e\\uDFFFx"', 'unpaired_surrogate'],
    ['"\\ud83d\\ude00\u261e\\ude00"', 'unpaired_surrogate'],
    ['"\u261e\\ud800é"', 'unpaired_surrogate'],
    [`${'['.repeat(512)}\u261e[`, 'too_deep'],
    [`${'{"a":'.repeat(512)}\u261e{`, 'too_deep'],
    ['[1,\u261e1e131072]', 'number_out_of_range'],
    ['[\u261e12e131071]', 'number_out_of_range'],
    [`[\u261e${'9'.repeat(131_073)}]`, 'number_out_of_range'],
    ['\u261e1e-16384', 'number_out_of_range'],
    ['\u261e0.1e-16383', 'number_out_of_range'],
    ['\u261e0e-16384', 'number_out_of_range'],
    [`\u261e1.${'0'.repeat(16_384)}`, 'number_out_of_range'],
    ['\u261e0e1073741823', 'number_out_of_range'],
    ['\u261e0e99999999999999999999999999', 'number_out_of_range'],
  ])('refuses what is wrong, and says where: %#', (text, reason) => {
    expectFault('other', text, reason);
  });

  test.each<[string, number[]]>([
    ['a continuation without a lead', [0x80]],
    ['an overlong slash', [0xc0, 0xaf]],
    ['an overlong of two bytes', [0xc1, 0xbf]],
    ['an overlong of three bytes', [0xe0, 0x9f, 0xbf]],
    ['an overlong of four bytes', [0xf0, 0x8f, 0xbf, 0xbf]],
    ['a surrogate', [0xed, 0xa0, 0x80]],
    ['what is beyond U+10FFFF', [0xf4, 0x90, 0x80, 0x80]],
    ['a lead that never was', [0xf5, 0x80, 0x80, 0x80]],
    ['a character cut short', [0xe2, 0x82]],
    ['Latin-1', [0xe9]],
    ['0xFF', [0xff]],
  ])('refuses %s as encoding', (_, bytes) => {
    const document = Buffer.concat([Buffer.from('["é'), Buffer.from(bytes), Buffer.from('"]')]);
    const fault = faultOf(scan('other', document));
    expect(fault).toMatchObject({ reason: 'encoding', line: 1 });
    expect(fault?.offset).toBeGreaterThanOrEqual(4);
    expect(faultOf(scan('other', document, [1]))).toEqual(fault);
  });

  test('takes values as JSON.parse does, however they are cut', () => {
    const value = fc.jsonValue({ stringUnit: 'binary', maxDepth: 5 });
    const strings = (json: unknown): string[] => {
      if (typeof json === 'string') return [json];
      if (typeof json !== 'object' || json === null) return [];
      return Object.entries(json).flatMap(([key, member]) => [key, ...strings(member)]);
    };
    fc.assert(
      fc.property(value, fc.constantFrom(0, 1, '\t'), chunkSizes, (json, indent, sizes) => {
        const document = JSON.stringify(json, null, indent);
        const isRefused = strings(json).some((text) => /\0|\p{Surrogate}/u.test(text));
        const whole = scan('other', document);
        expect(whole.ok).toBe(!isRefused && !/e-(?:[2-9]\d{4}|\d{6})/.test(document));
        expect(scan('other', document, [1])).toEqual(whole);
        expect(scan('other', document, sizes)).toEqual(whole);
      }),
      { numRuns: 300 },
    );
  });
});

/** A number as it may be written. */
const numeral = fc
  .tuple(
    fc.constantFrom('', '-'),
    fc.oneof(fc.nat(20).map(String), fc.bigInt(0n, 10n ** 20n).map(String)),
    fc.constantFrom('', '.0', '.5', '.25', '.10', '.000000000000001', '.123456789012345678'),
    fc.constantFrom('', '', '', 'e0', 'E+2', 'e-3', 'e-330', 'e310'),
  )
  .map((pieces) => pieces.join(''));

const time = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: EARLIEST_MS, max: LATEST_MS }).map(String) },
  fc.integer({ min: 0, max: 50 }).map((step) => String(Date.UTC(2025, 1, 6) + step * HOUR_MS)),
  fc.constantFrom(
    String(EARLIEST_MS),
    String(EARLIEST_MS - 1),
    String(LATEST_MS),
    String(LATEST_MS + 1),
    '1738850562',
    '1738850562000.0',
    '1738850562000.5',
    '1.738850562e12',
    '17388505620000000e-4',
    '-1738850562000',
    '"1738850562000"',
    'null',
  ),
);

const element = fc.oneof(
  { weight: 8, arbitrary: fc.tuple(time, numeral).map((pair) => `[${pair.join(',')}]`) },
  fc.tuple(time, numeral).map((pair) => `[ ${pair.join(' ,\n ')} ]`),
  fc.constantFrom('[]', '[1738850562000]', '[1738850562000,1,2]', '[1738850562000,null]'),
  fc.constantFrom('[1738850562000,"1"]', '[[1738850562000],1]', '[1738850562000,[1]]'),
  fc.constantFrom('null', '"x"', '1738850562000', '{"t":1738850562000}', 'true'),
);

const seriesEntry = fc
  .tuple(
    fc.oneof(fc.constantFrom('A', 'B'), fc.string({ unit: 'grapheme', maxLength: 8 })),
    fc.array(element, { maxLength: 30 }),
    fc.constantFrom(',', ' ,\n', '\n\n,\r\n  '),
    fc.nat(2),
  )
  .map(([name, elements, separator, order]) => {
    const members = [
      `"name":${JSON.stringify(name)}`,
      `"data" : [${elements.join(separator)}]`,
      '"unit":{"data":[1],"name":null,"name":2}',
    ];
    return `{${[...members.slice(order), ...members.slice(0, order)].join(', ')}}`;
  });

const telemetry = fc
  .tuple(
    fc.array(seriesEntry, { maxLength: 6 }),
    fc.constantFrom('', '"page":1,', '"x":{"series":1},'),
  )
  .map(([entries, extra]) => `{${extra}"series":[${entries.join(',\n')}]}`);

describe('telemetry', () => {
  test.each<[string, FaultReason]>([
    ['\u261e[]', 'wrong_shape'],
    ['\u261enull', 'wrong_shape'],
    ['\u261e"series"', 'wrong_shape'],
    ['\u261e{}', 'wrong_shape'],
    ['\u261e{"items":[]}', 'wrong_shape'],
    ['{"series":\u261e{}}', 'wrong_shape'],
    ['{"series":\u261enull}', 'wrong_shape'],
    ['{"series":[\u261enull]}', 'wrong_shape'],
    ['{"series":[\u261e[]]}', 'wrong_shape'],
    ['{"series":[\n\u261e{}]}', 'wrong_shape'],
    ['{"series":[\u261e{"name":"a"}]}', 'wrong_shape'],
    ['{"series":[\u261e{"data":[]}]}', 'wrong_shape'],
    ['{"series":[{"name":\u261e1,"data":[]}]}', 'wrong_shape'],
    ['{"series":[{"name":"a","data":\u261e{}}]}', 'wrong_shape'],
    ['{"series":[{"name":"a","data":\u261enull}]}', 'wrong_shape'],
    ['{"series":[],"page":1,"x":{},\u261e"page":2}', 'duplicate_key'],
    ['{"series":[],\u261e"serie\\u0073":[]}', 'duplicate_key'],
    ['{"series":[{"name":"a","data":[],\n\u261e"name":"b"}]}', 'duplicate_key'],
    ['{"series":[{"é":1,\u261e"\\u00e9":2,"name":"a","data":[]}]}', 'duplicate_key'],
    ['{"series":[{"name":"a","data":[[1738850562000,1],\u261e]}]}', 'syntax'],
    ['{"series":[{"name":"a","data":[[1738850562000,1]\u261e[1738850562000,1]]}]}', 'syntax'],
    ['{"series":[{"name":"a","data":[[1738850562000,1,\u261e]]}]}', 'syntax'],
    ['{"series":[{"name":"a","data":[[1738850562000 \u261e1]]}]}', 'syntax'],
    ['{"series":[{"name":"a","data":[[0\u261e1,1]]}]}', 'syntax'],
    ['{"series":[{"name":"a","data":[[1738850562000,-\u261e]]}]}', 'syntax'],
    ['{"series":[{"name":"a","data":[[1738850562000,1\u261e\u0001]]}]}', 'syntax'],
    [
      '{"series":[{"name":"a","data":[[1738850562000,1],\n  [\n1738850562000,0\u261e1]]}]}',
      'syntax',
    ],
    ['{"series":[{"name":"a","data":[[1738850562000,1]\u261e', 'truncated'],
    ['{"series":[{"name":"a","data":[[1738850562000,1],[17388\u261e', 'truncated'],
    [`{\u261e"${'k'.repeat(4097)}":1,"series":[]}`, 'too_large'],
    [`{"series":[{"data":[],"name":\u261e"${'n'.repeat(5000)}"}]}`, 'too_large'],
  ])('refuses what is wrong, and says where: %#', (text, reason) => {
    expectFault('telemetry', text, reason);
  });

  test('gathers what the values hold', () => {
    const result = scan(
      'telemetry',
      `{"series":[
        {"name":"Grid\\u0050ower","data":[[1738850562000, -0],[1738850566000,12.5],[1738857766000,-3]]},
        {"unit":"W","data":[],"name":"é"},
        {"name":"c","data":[[1738850562000,1e1],[1738850562000,12345678901234567],[1,2],null]}
      ],"page":1}`,
    );
    expect(result).toMatchObject({
      ok: true,
      profile: {
        entries: 3,
        readings: 7,
        ordered: false,
        firstMs: 1738850562000,
        lastMs: 1738857766000,
        hours: [
          [483014, 483014],
          [483016, 483016],
        ],
        series: [
          { name: 'GridPower', readings: 3, min: -3, max: 12.5, irregular: 0, clock: 1 },
          { name: 'é', readings: 0, min: null, max: null, irregular: 0, clock: null },
          { name: 'c', readings: 4, min: 10, max: 10, irregular: 3, clock: null },
        ],
      },
    });
  });

  test('profiles as one computed from JSON.parse does, however the document is cut', () => {
    fc.assert(
      fc.property(telemetry, chunkSizes, (document, sizes) => {
        const whole = scan('telemetry', document);
        expect(whole).toMatchObject({ ok: true, profile: profileOf(document) });
        expect(scan('telemetry', document, [1])).toEqual(whole);
        expect(scan('telemetry', document, sizes)).toEqual(whole);
      }),
      { numRuns: 300 },
    );
  });

  test('tells which series share their times', () => {
    const start = Date.UTC(2025, 1, 6);
    const shift = fc.constantFrom(0, 1, -1, HOUR_MS, 2 ** 31, -(2 ** 31), 2 ** 32, -(2 ** 32));
    const follower = fc.record({
      base: fc.nat(1),
      // neighbours that are shifted by the same are what weak hashes overlook
      shifted: fc.option(fc.record({ at: fc.nat(8), count: fc.nat(3), by: shift }), { freq: 2 }),
      without: fc.option(fc.nat(8), { freq: 5 }),
      isSlow: fc.boolean(),
    });
    const bases = fc.tuple(
      fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 8 }),
      fc.array(fc.integer({ min: 1, max: 2 ** 32 }), { maxLength: 4 }),
    );
    fc.assert(
      fc.property(
        bases,
        fc.array(follower, { maxLength: 6 }),
        fc.boolean(),
        chunkSizes,
        (steps, followers, isRepeated, sizes) => {
          const series = followers.map(({ base, shifted, without, isSlow }, index) => {
            let ms = start;
            const times = [start, ...(steps[base] ?? []).map((step) => (ms += step))];
            for (let at = 0; at < (shifted?.count ?? 0); at++) {
              const place = (shifted?.at ?? 0) + at;
              if (place < times.length) times[place] = (times[place] ?? 0) + (shifted?.by ?? 0);
            }
            if (without !== null) times.splice(without, 1);
            const data = times.map((time) => `[${time}${isSlow ? '.0' : ''},${index}]`);
            const name = isRepeated && index > 3 ? 's0' : `s${index}`;
            return `{"name":"${name}","data":[${data.join(',')}]}`;
          });
          const document = `{"series":[${series.join(',')}]}`;
          const latestMs = start + 10 * 2 ** 32;
          const whole = scan('telemetry', document, [], { latestMs });
          expect(whole).toMatchObject({ ok: true, profile: profileOf(document, latestMs) });
          expect(scan('telemetry', document, sizes, { latestMs })).toEqual(whole);
        },
      ),
      { numRuns: 1000 },
    );
  });

  test('tells 16 clocks apart, and those of series of a million readings', () => {
    const at = (step: number) => `[${Date.UTC(2025, 1, 6) + step},1]`;
    const entry = (name: string, data: string) => `{"name":"${name}","data":[${data}]}`;
    const many = Array.from({ length: 18 }, (_, index) => entry(`s${index}`, at(index)));
    const few = scan('telemetry', `{"series":[${[...many, entry('again', at(15))].join(',')}]}`);
    if (!few.ok) throw new Error(few.fault.message);
    const clocks = few.profile.series.map(({ clock }) => clock);
    expect(clocks).toEqual([...Array.from({ length: 16 }, (_, at) => at + 1), null, null, 16]);
    expect(few.profile.clocks).toBeNull();
    const [long, longer] = [2 ** 20, 2 ** 20 + 1].map((length, index) =>
      entry(`long${index}`, Array.from({ length }, (_, step) => at(step)).join(',')),
    );
    const result = scan('telemetry', `{"series":[${long},${longer}]}`);
    if (!result.ok) throw new Error(result.fault.message);
    expect(result.profile.series.map((one) => one.clock)).toEqual([1, null]);
  });

  test('knows the keys of another vendor as it knows these', () => {
    // as long as those that they replace, so that no position is another one
    const renamed = { series: 'groups', name: 'chan', data: 'rows' };
    const shape = {
      kind: 'series of points',
      list: renamed.series,
      name: renamed.name,
      points: renamed.data,
    } as const;
    fc.assert(
      fc.property(telemetry, fc.nat(5000), (document, cut) => {
        for (const whole of [document, document.slice(0, cut)]) {
          const other = whole.replace(/(?<=")(series|name|data)(?=")/g, (key) => {
            return renamed[key as keyof typeof renamed];
          });
          expect(scan(shape, other)).toEqual(scan('telemetry', whole));
        }
      }),
      { numRuns: 300 },
    );
    expect(faultOf(scan(shape, '{"series":[]}'))?.message).toBe('the response has no "groups"');
    expect(faultOf(scan(shape, '{"groups":[{"chan":"a","data":[]}]}'))?.message).toBe(
      'groups[0] has no "rows"',
    );
    expect(faultOf(scan(shape, '{"groups":[{"chan":"a","rows":{}}]}'))?.message).toBe(
      'groups[0].rows is not an array but an object',
    );
  });

  test('judges mutated documents as JSON.parse does, however they are cut', () => {
    const edit = fc.record({
      at: fc.double({ min: 0, max: 1, noNaN: true }),
      drop: fc.nat(3),
      insert: fc.oneof(
        fc.constantFrom('', ',', '[', ']', '{', '}', '"', ':', '0', '.', 'e', '-', '\\', ' ', '\n'),
        fc.constantFrom('null', '\\u0000', '\\ud800', '[1738850562000,1],', 'é', '\u0001'),
      ),
      byte: fc.option(fc.nat(255)),
    });
    const json: FaultReason[] = [
      'empty',
      'html',
      'not_json',
      'truncated',
      'syntax',
      'byte_order_mark',
      'encoding',
    ];
    fc.assert(
      fc.property(telemetry, edit, chunkSizes, (document, { at, drop, insert, byte }, sizes) => {
        const bytes = Buffer.from(document);
        const from = Math.floor(at * bytes.length);
        const mutated = Buffer.concat([
          bytes.subarray(0, from),
          Buffer.from(insert),
          byte === null ? Buffer.alloc(0) : Buffer.from([byte]),
          bytes.subarray(from + drop),
        ]);
        for (const resource of ['other', 'telemetry'] as const) {
          const whole = scan(resource, mutated);
          expect(scan(resource, mutated, [1])).toEqual(whole);
          expect(scan(resource, mutated, sizes)).toEqual(whole);
          const reason = faultOf(whole)?.reason;
          if (reason === undefined) expect(isJson(mutated)).toBe(true);
          else if (json.includes(reason)) expect(isJson(mutated)).toBe(false);
          else if (reason === 'nul_character') expect(mutated.includes('\\u0000')).toBe(true);
          else if (reason === 'unpaired_surrogate') expect(mutated.includes('\\ud')).toBe(true);
          else if (reason === 'number_out_of_range')
            expect(String(mutated)).toMatch(/\de[+-]?\d{5}/i);
          else expect(resource).toBe('telemetry');
        }
      }),
      {
        numRuns: 1500,
        // a time that becomes 1e738850562000, which PostgreSQL does not hold
        examples: [
          [
            '{"series":[{"name":"A","data":[[1738850562000,1]]}]}',
            { at: 33.5 / 52, drop: 0, insert: 'e', byte: null },
            [1],
          ],
        ],
      },
    );
  });

  test('folds what comes after 10,000 series by name, and trusts none of it', () => {
    const entry = (name: string) => `{"name":"${name}","data":[[1738850562000,1]]}`;
    const names = [...Array.from({ length: 10_000 }, (_, index) => `s${index}`), 'x', 'y', 'x'];
    const result = scan('telemetry', `{"series":[${names.map(entry).join(',')}]}`);
    if (!result.ok) throw new Error(result.fault.message);
    expect(result.profile).toMatchObject({ entries: 10_003, readings: 10_003, ordered: false });
    expect(result.profile.series.slice(10_000)).toEqual([
      { name: 'x', readings: 2, min: null, max: null, irregular: 2, clock: null },
      { name: 'y', readings: 1, min: null, max: null, irregular: 1, clock: null },
    ]);
    // all have one clock, but that those which are folded are not looked at
    expect(result.profile.series[9_999]).toMatchObject({ name: 's9999', clock: 1 });
    expect(result.profile.clocks).toBeNull();
    const more = Array.from({ length: 20_001 }, (_, index) => entry(`s${index}`));
    expect(faultOf(scan('telemetry', `{"series":[${more.join(',')}]}`))?.reason).toBe('too_large');
  });

  test('refuses an object of too many members', () => {
    const members = Array.from({ length: 10_000 }, (_, index) => `"${index}":0`);
    const fits = `{"series":[],${members.slice(1).join()}}`;
    expect(scan('telemetry', fits).ok).toBe(true);
    expectFault('telemetry', `{${members.join()},\u261e"series":[]}`, 'too_large');
  });

  test('refuses an element larger than a part, where it starts', () => {
    const element = (bytes: number) => `[1738850562000,"${'x'.repeat(bytes - 18)}"]`;
    for (const padding of ['', ' '.repeat(300), '"']) {
      const before = '{"series":[{"name":"a","data":[[1738850562000,1],\n';
      const document = `${before}${element(200)},${element(201)}${padding}]}]}`;
      const expected = { reason: 'too_large', offset: before.length + 201, line: 2, column: 202 };
      for (const sizes of [[], [1], [64], [150, 3]]) {
        const result = scan('telemetry', document, sizes, { partBytes: 200 });
        expect(faultOf(result)).toMatchObject(expected);
      }
    }
  });

  test('refuses what is to be repeated in each part if it is too large', () => {
    const data = `[${Array.from({ length: 40 }, () => '[1738850562000,1]').join()}]`;
    const inTop = `{"x":"${'x'.repeat(100)}","series":[{"name":"a","data":${data}}]}`;
    const inEntry = `{"series":[{"x":"${'x'.repeat(100)}","name":"a","data":${data}}]}`;
    const options = { partBytes: 200, frameBytes: 100 };
    expect(faultOf(scan('telemetry', inTop, [], options))).toMatchObject({
      reason: 'too_large',
      offset: 0,
    });
    expect(faultOf(scan('telemetry', inEntry, [], options))).toMatchObject({
      reason: 'too_large',
      offset: 11,
    });
    for (const document of [inTop, inEntry]) {
      expect(scan('telemetry', document, [], { partBytes: 4000, frameBytes: 100 }).ok).toBe(true);
    }
  });
});

describe('assets', () => {
  test.each([
    '{"items":[]}',
    `{"totalCount":"many","items":[{"deviceId":"${UUID}"}]}`,
    `{"items":[{"state":null,"deviceId":"${UUID.toUpperCase()}","description":[{"deviceId":1}]}]}`,
    `{"items":[{"deviceId":"\\u0032${UUID.slice(1)}","data":1,"name":2}],"series":1}`,
  ])('accepts what is right: %#', (document) => {
    expect(scan('assets', document).ok).toBe(true);
    expect(scan('assets', document, [1])).toEqual(scan('assets', document));
  });

  test.each<[string, FaultReason]>([
    ['\u261e[]', 'wrong_shape'],
    ['\u261e{"totalCount":3}', 'wrong_shape'],
    ['{"items":\u261e3}', 'wrong_shape'],
    ['{"items":[\u261e"a"]}', 'wrong_shape'],
    ['{"items":[\u261e{"state":"Ok"}]}', 'wrong_shape'],
    ['{"items":[{"deviceId":\u261enull}]}', 'wrong_shape'],
    ['{"items":[{"deviceId":\u261e""}]}', 'wrong_shape'],
    [`{"items":[{"deviceId":\u261e"{${UUID}}"}]}`, 'wrong_shape'],
    [`{"items":[{"deviceId":"${UUID}",\u261e"deviceId":"${UUID}"}]}`, 'duplicate_key'],
    ['{"items":[],\u261e"items":[]}', 'duplicate_key'],
  ])('refuses what is wrong, and says where: %#', (text, reason) => {
    expectFault('assets', text, reason);
  });

  test('says which asset is wrong, and how', () => {
    const document = `{"items":[{"deviceId":"${UUID}"},{"deviceId":"7"}]}`;
    expect(faultOf(scan('assets', document))?.message).toBe('items[1].deviceId is no UUID: "7"');
  });

  test('refuses an asset larger than a part', () => {
    const document = `{"items":[{"deviceId":"${UUID}","description":"${'x'.repeat(200)}"}]}`;
    for (const sizes of [[], [1], [33]]) {
      const result = scan('assets', document, sizes, { partBytes: 200 });
      expect(faultOf(result)).toMatchObject({ reason: 'too_large', offset: 10 });
    }
  });
});

describe('hours', () => {
  test('are ranges that neither overlap nor touch', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 60 })), (hours) => {
        const ranges = new HourRanges();
        for (const hour of hours) ranges.add(hour);
        expect(ranges.toRanges()).toEqual(rangesOf(hours));
      }),
    );
  });

  test('are joined over the smallest gaps beyond the cap', () => {
    const ranges = new HourRanges();
    for (let index = 0; index < 5000; index++) ranges.add(((index * 7919) % 5000) * 2);
    ranges.add(1_000_000);
    const joined = ranges.toRanges();
    expect(joined.length).toBe(MAX_HOUR_RANGES);
    expect(joined[0]?.[0]).toBe(0);
    expect(joined.at(-1)).toEqual([1_000_000, 1_000_000]);
    for (let hour = 0; hour < 10_000; hour += 2) {
      expect(joined.some(([first, last]) => first <= hour && hour <= last)).toBe(true);
    }
  });
});

function isJson(bytes: Buffer): boolean {
  try {
    JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
    return true;
  } catch {
    return false;
  }
}

function rangesOf(hours: readonly number[]): [number, number][] {
  const ranges: [number, number][] = [];
  for (const hour of [...new Set(hours)].sort((a, b) => a - b)) {
    const last = ranges.at(-1);
    if (last !== undefined && last[1] === hour - 1) last[1] = hour;
    else ranges.push([hour, hour]);
  }
  return ranges;
}

/** The number that a numeral stands for, if a double holds it exactly. */
function exactNumber(text: unknown): number | undefined {
  if (typeof text !== 'string') return undefined;
  const [mantissa = ''] = text.toLowerCase().split('e');
  const digits = mantissa.replace(/[-.]/g, '').replace(/^0+|0+$/g, '');
  const value = Number(text);
  if (digits === '') return 0;
  const isNormal = Math.abs(value) >= 2 ** -1022 && Number.isFinite(value);
  return digits.length <= 15 && isNormal ? value : undefined;
}

/** Profiles a document from its parsed form, in which numbers are kept as they were written. */
function profileOf(document: string, latestMs = LATEST_MS) {
  const quoted = document.replace(/"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?/g, (token) =>
    token.startsWith('"') ? token : `{"number":"${token}"}`,
  );
  const numberOf = (value: unknown): unknown =>
    typeof value === 'object' && value !== null && 'number' in value ? value.number : undefined;
  const { series } = JSON.parse(quoted) as { series: { name: string; data: unknown[] }[] };
  const times: number[] = [];
  const clocks: string[] = [];
  const names = series.map(({ name }) => name);
  let isOrdered = new Set(names).size === series.length;
  const profiles = series.map(({ name, data }) => {
    const values: number[] = [];
    const own: number[] = [];
    for (const element of data) {
      if (!Array.isArray(element)) continue;
      const ms = exactNumber(numberOf(element[0]));
      if (ms === undefined || ms % 1 !== 0 || ms < EARLIEST_MS || ms > latestMs) continue;
      times.push(ms);
      own.push(ms);
      const value = exactNumber(numberOf(element[1]));
      if (value !== undefined && element.length === 2) values.push(value);
    }
    const grows = own.every((ms, index) => index === 0 || ms > (own[index - 1] ?? 0));
    if (!grows) isOrdered = false;
    let clock: number | null = null;
    if (grows && data.length > 0 && values.length === data.length) {
      if (!clocks.includes(own.join())) clocks.push(own.join());
      clock = clocks.indexOf(own.join()) + 1;
    }
    return {
      name,
      readings: data.length,
      min: values.length === 0 ? null : Math.min(...values),
      max: values.length === 0 ? null : Math.max(...values),
      irregular: data.length - values.length,
      clock: names.indexOf(name) === names.lastIndexOf(name) ? clock : null,
    };
  });
  const isClockless = profiles.some(({ readings, clock }) => readings > 0 && clock === null);
  return {
    entries: series.length,
    readings: profiles.reduce((sum, { readings }) => sum + readings, 0),
    series: profiles,
    clocks: isClockless ? null : clocks.length,
    ordered: isOrdered,
    hours: rangesOf(times.map((ms) => Math.floor(ms / HOUR_MS))),
    firstMs: times.length === 0 ? null : Math.min(...times),
    lastMs: times.length === 0 ? null : Math.max(...times),
  };
}
