import { type Breakage, breakResponse } from './broken-response.js';
import { Chance } from './chance.js';
import { Chunk } from './chunk.js';
import type { FaultCounts, FaultName, FaultRates } from './faults.js';
import type { Correction, OddValue, ResponseText, Segment } from './response-text.js';
import {
  decimalsOf,
  FIRST_COUNTER,
  SERIES_NAMES,
  UNKNOWN_COLUMN,
  UNKNOWN_NAMES,
} from './series.js';
import { type DayTruth, METERS, type Site, SiteModel } from './site.js';

/** What of a fleet is simulated. Chunks are whole numbers of cadences. */
export interface SimulatedTime {
  readonly fromMs: number;
  readonly toMs: number;
  readonly cadenceMs: number;
  readonly chunkMs: number;
}

/** One response of one device; its text holds until the next one is asked for. */
interface DeviceResponse {
  /** Start of its chunk of time: responses came in this order. */
  readonly atMs: number;
  readonly text: Buffer;
  /** Readings that it tells, were it whole. */
  readonly readings: number;
}

/** Readings of a chunk that are told, in one response or in another. */
interface Told {
  readonly chunk: Chunk;
  /** Ranges of indexes: a device that was offline tells none. */
  readonly present: readonly (readonly [number, number])[];
  /** Odd values that stay. */
  readonly odd: OddValues;
}

type OddValues = ReadonlyMap<number, readonly OddValue[]>;

const DAY_MS = 86_400_000;
const MOST_LATE_MS = 21 * DAY_MS;
const MOST_OFFLINE_MS = DAY_MS;

const BREAKAGES: readonly Breakage[] = ['html', 'truncated', 'duplicate', 'nul'];

/** The responses of one device in the order in which they came, with all that went wrong. */
export function* deviceResponses(
  site: Site,
  time: SimulatedTime,
  seed: string,
  rates: FaultRates,
  counts: FaultCounts,
  writer: ResponseText,
  onDay: (truth: DayTruth) => void,
): Generator<DeviceResponse> {
  const { fromMs, toMs, cadenceMs, chunkMs } = time;
  const chance = (name: FaultName) => new Chance(rates[name], `${seed} ${name} ${site.deviceId}`);
  const overlap = chance('overlap');
  const late = chance('late');
  const reset = chance('reset');
  const seconds = chance('seconds');
  const unknown = chance('unknown');
  const offline = new OfflineTimes(chance('offline'), cadenceMs);
  const oddities = new Oddities(chance);
  const breakages = BREAKAGES.map((name) => [name, chance(name)] as const);

  const chunks = Math.ceil((toMs - fromMs) / chunkMs);
  const perChunk = chunkMs / cadenceMs;
  const columns = site.series.map((name) => ({ name: name as string, column: columnOf(name) }));
  const told = columns.map(({ column }) => column);
  const unknownFrom = unknown.happens() ? Math.floor(unknown.random() * chunks) : chunks;
  const unknownName = UNKNOWN_NAMES[Math.floor(unknown.random() * UNKNOWN_NAMES.length)] as string;
  if (unknownFrom < chunks) counts.unknown++;
  const allColumns = [...columns, { name: unknownName, column: UNKNOWN_COLUMN }];

  const model = new SiteModel(site, seed, fromMs, cadenceMs, onDay);
  const free: Chunk[] = [];
  const withheld = new Map<number, Told[]>();
  let previous: (Told & { readonly corrections: readonly Correction[] }) | undefined;

  for (let index = 0; index < chunks || previous !== undefined || withheld.size > 0; index++) {
    const atMs = fromMs + index * chunkMs;
    const due = withheld.get(index) ?? [];
    withheld.delete(index);
    const segments: Segment[] = due.flatMap((one) => segmentsOf(one, 0, one.odd));
    const segmentsBeforeCorrections = segments.length;
    let corrections = previous?.corrections ?? [];
    let current: typeof previous;
    let held: Told | undefined;

    if (index < chunks) {
      if (index > 0 && reset.happens()) {
        model.reset(METERS[Math.floor(reset.random() * METERS.length)] ?? 'main');
        counts.reset++;
      }
      const chunk = free.pop() ?? new Chunk(perChunk);
      chunk.clear();
      model.fill(chunk, Math.min(perChunk, Math.ceil((toMs - atMs) / cadenceMs)));
      if (index >= unknownFrom) fillUnknown(chunk, site.battery.maxPowerW);
      const { present, begins } = offline.presentIn(chunk);
      if (begins) counts.offline++;
      const isLate = late.happens();
      const lag = lateChunks(late, chunkMs);
      const odd = oddities.of(chunk, told, present, isLate, counts);
      if (isLate && present.length > 0) {
        counts.late++;
        held = { chunk, present, odd: odd.lasting };
        withheld.set(index + lag, [...(withheld.get(index + lag) ?? []), held]);
      } else {
        current = { chunk, present, odd: odd.lasting, corrections: odd.corrections };
      }
      if (previous !== undefined && overlap.happens()) {
        const repeated = Math.ceil((0.5 * previous.chunk.count) ** overlap.random());
        const from = previous.chunk.count - repeated;
        segments.push(...segmentsOf(previous, from, previous.odd));
        corrections = corrections.filter((correction) => correction.index < from);
        counts.overlap++;
      }
      if (current !== undefined) segments.push(...segmentsOf(current, 0, odd.first));
    }

    if (segments.length > 0 || corrections.length > 0) {
      const inSeconds = index < chunks && seconds.happens();
      if (inSeconds) counts.seconds++;
      const whole = writer.write({
        series: index >= unknownFrom ? allColumns : columns,
        unit: inSeconds ? 's' : 'ms',
        segments,
        corrections,
        segmentsBeforeCorrections,
      });
      // what comes after the end of time is only to put right, so that it stays whole
      const broken = index < chunks ? drawBreakage(breakages) : undefined;
      if (broken !== undefined) counts[broken.name]++;
      yield {
        atMs,
        text: broken === undefined ? whole : breakResponse(whole, broken.name, broken.share),
        readings: writer.readings,
      };
    }

    if (previous !== undefined) free.push(previous.chunk);
    free.push(...due.map(({ chunk }) => chunk));
    previous = current;
  }
  model.end();
}

function columnOf(name: (typeof SERIES_NAMES)[number]): number {
  return SERIES_NAMES.indexOf(name);
}

function segmentsOf(told: Told, from: number, odd: OddValues): Segment[] {
  return told.present
    .filter(([, end]) => end > from)
    .map(([start, end]) => ({ chunk: told.chunk, from: Math.max(from, start), to: end, odd }));
}

/** How many chunks later a late one comes: as often hours as weeks. */
function lateChunks(late: Chance, chunkMs: number): number {
  return Math.max(1, Math.round(Math.max(1, MOST_LATE_MS / chunkMs) ** late.random()));
}

/** The first breakage that happens; all are drawn, so that none depends on another one's rate. */
function drawBreakage(
  breakages: readonly (readonly [Breakage, Chance])[],
): { name: Breakage; share: number } | undefined {
  const happened = breakages.flatMap(([name, one]) =>
    one.happens() ? [{ name, share: one.random() }] : [],
  );
  return happened[0];
}

/** Warmer the more the battery does, in hundredths of a degree. */
function fillUnknown(chunk: Chunk, maxPowerW: number): void {
  const power = chunk.columns[columnOf('BatteryPowerW')] as Float64Array;
  const unknown = chunk.columns[UNKNOWN_COLUMN] as Float64Array;
  for (let index = 0; index < chunk.count; index++) {
    unknown[index] = 1800 + Math.round((Math.abs(power[index] ?? 0) / maxPowerW) * 150) * 10;
  }
}

/** When a device is offline: begun by chance, ended after minutes or a day. */
class OfflineTimes {
  readonly #chance: Chance;
  readonly #cadenceMs: number;
  #untilMs = Number.NEGATIVE_INFINITY;

  constructor(chance: Chance, cadenceMs: number) {
    this.#chance = chance;
    this.#cadenceMs = cadenceMs;
  }

  presentIn(chunk: Chunk): { present: [number, number][]; begins: boolean } {
    const { count } = chunk;
    const startMs = chunk.timesMs[0] ?? 0;
    const indexAt = (atMs: number) =>
      Math.max(0, Math.min(count, Math.ceil((atMs - startMs) / this.#cadenceMs)));
    const present: [number, number][] = [];
    let cursor = indexAt(this.#untilMs);
    const begins = this.#chance.happens();
    if (begins) {
      const start = Math.floor(this.#chance.random() * count);
      const lengthMs =
        this.#cadenceMs * (MOST_OFFLINE_MS / this.#cadenceMs) ** this.#chance.random();
      if (start > cursor) present.push([cursor, start]);
      this.#untilMs = Math.max(this.#untilMs, startMs + start * this.#cadenceMs + lengthMs);
      cursor = Math.max(start, indexAt(this.#untilMs));
    }
    if (cursor < count) present.push([cursor, count]);
    return { present, begins };
  }
}

/** Values that a response tells otherwise than they are. */
class Oddities {
  readonly #correct: Chance;
  readonly #lasting: readonly (readonly ['null' | 'string' | 'range', Chance])[];

  constructor(chance: (name: FaultName) => Chance) {
    this.#correct = chance('correct');
    this.#lasting = (['null', 'string', 'range'] as const).map((name) => [name, chance(name)]);
  }

  of(
    chunk: Chunk,
    columns: readonly number[],
    present: readonly (readonly [number, number])[],
    isLate: boolean,
    counts: FaultCounts,
  ): { lasting: OddValues; first: OddValues; corrections: Correction[] } {
    const { count } = chunk;
    const texts = new Map<number, Map<number, string>>();
    const isPresent = (index: number) => present.some(([from, to]) => index >= from && index < to);
    const put = (position: number, text: (column: number, index: number) => string): boolean => {
      const column = columns[Math.floor(position / count)] ?? 0;
      const index = position % count;
      const ofColumn = texts.get(column) ?? new Map<number, string>();
      if (ofColumn.has(index) || !isPresent(index)) return false;
      ofColumn.set(index, text(column, index));
      texts.set(column, ofColumn);
      return true;
    };
    for (const [name, one] of this.#lasting) {
      for (const position of one.positions(columns.length * count)) {
        const isPut = put(position, (column, index) =>
          lastingText(name, chunk, column, index, one.random()),
        );
        if (isPut) counts[name]++;
      }
    }
    const lasting = ordered(texts);
    const corrections: Correction[] = [];
    for (const position of this.#correct.positions(columns.length * count)) {
      const share = this.#correct.random();
      // what comes late comes right
      if (isLate) continue;
      const isPut = put(position, (column, index) => wrongText(chunk, column, index, share));
      if (!isPut) continue;
      counts.correct++;
      const column = columns[Math.floor(position / count)] ?? 0;
      corrections.push({ chunk, column, index: position % count });
    }
    return { lasting, first: corrections.length === 0 ? lasting : ordered(texts), corrections };
  }
}

function ordered(texts: ReadonlyMap<number, ReadonlyMap<number, string>>): OddValues {
  const sorted = [...texts].map(([column, ofColumn]) => {
    const values = [...ofColumn].map(([index, text]) => ({ index, text }));
    return [column, values.sort((a, b) => a.index - b.index)] as const;
  });
  return new Map(sorted);
}

function lastingText(
  name: 'null' | 'string' | 'range',
  chunk: Chunk,
  column: number,
  index: number,
  share: number,
): string {
  if (name === 'null') return 'null';
  if (name === 'string') return share < 0.5 ? '"n/a"' : `"${plainText(chunk, column, index, 0)}"`;
  // what registers hold when there is nothing in them
  if (column >= FIRST_COUNTER) return share < 0.5 ? '-0.01' : '4294967295000000';
  if (column === 0) return share < 0.5 ? '6553.5' : '-1';
  return share < 0.5 ? '2147483647' : '-2147483648';
}

/** Another value, near enough to be believed. */
function wrongText(chunk: Chunk, column: number, index: number, share: number): string {
  const value = chunk.columns[column]?.[index] ?? 0;
  if (column === 0) {
    const off = 1 + Math.floor(share * 10);
    return plainText(chunk, column, index, value >= 50 ? -off : off);
  }
  return plainText(
    chunk,
    column,
    index,
    1 + Math.floor(share * Math.max(10, 0.02 * Math.abs(value))),
  );
}

function plainText(chunk: Chunk, column: number, index: number, off: number): string {
  const units = (chunk.columns[column]?.[index] ?? 0) + off;
  return String(decimalsOf(column) === 0 ? units : units / 100);
}
