import { setTimeout as after } from 'node:timers/promises';
import { runBelt } from './belt-process.js';
import type { BenchDatabase } from './bench-database.js';
import type { Figure } from './figures.js';
import { handWrittenSeconds } from './hand-written.js';
import { median } from './median.js';
import { endedSessionsCpu } from './server-cpu.js';

/** `battery_telemetry` written by so many sessions. */
interface SessionsRun {
  readonly seconds: number;
  /** Of the server's sessions, with their commits. */
  readonly cpuSeconds: number;
  readonly peakMemoryMb: number;
  /** By which the database was larger at the most than before. */
  readonly peakBytes: number;
}

interface Round {
  /** Seconds of the hand-written statement. */
  readonly hand: number;
  readonly firstBuild: ReadonlyMap<number, SessionsRun>;
  readonly fullRefresh: ReadonlyMap<number, SessionsRun>;
  readonly newBatches: ReadonlyMap<number, SessionsRun>;
}

const THREADS = [1, 2, 4] as const;
const MODEL = ['--select', 'battery_telemetry'];

/** As if no batch had been processed: they go into the row store, as all that comes later does. */
const FORGET = `truncate public.battery_telemetry;
  delete from belt.model_batch where node = 'model.belt.battery_telemetry'`;

/** As if it had not been built, without the aggregates that a full refresh would rebuild with it. */
const DROP = 'drop table if exists public.battery_telemetry cascade';

/** What several sessions bring to `battery_telemetry`: medians over rounds, ratios within each. */
export async function sessionsFigures(
  database: BenchDatabase,
  readings: number,
  rounds: number,
): Promise<Figure[]> {
  const all: Round[] = [];
  for (let round = 0; round < rounds; round++) all.push(await measureRound(database, round));
  const of = (value: (round: Round) => number) => median(all.map(value));
  const seconds = (runs: ReadonlyMap<number, SessionsRun>, threads: number) =>
    runs.get(threads)?.seconds ?? Number.NaN;
  const cpu = ({ newBatches }: Round, threads: number) =>
    newBatches.get(threads)?.cpuSeconds ?? Number.NaN;
  const figure = (name: string, value: number, target: Pick<Figure, 'atLeast' | 'atMost'>) => ({
    name: `battery_telemetry, ${name}`,
    value,
    unit: 'x',
    ...target,
  });
  return [
    figure(
      'new batches, one session, to hand-written',
      of(({ hand, newBatches }) => hand / seconds(newBatches, 1)),
      { atLeast: 2.5 },
    ),
    figure(
      'first build, one session, to hand-written',
      of(({ hand, firstBuild }) => hand / seconds(firstBuild, 1)),
      { atLeast: 4 },
    ),
    figure(
      'full refresh, one session, to hand-written',
      of(({ hand, fullRefresh }) => hand / seconds(fullRefresh, 1)),
      { atLeast: 4 },
    ),
    figure(
      'new batches, two threads to one',
      of(({ newBatches }) => seconds(newBatches, 1) / seconds(newBatches, 2)),
      { atLeast: 1.8 },
    ),
    figure(
      'first build, two threads to one',
      of(({ firstBuild }) => seconds(firstBuild, 1) / seconds(firstBuild, 2)),
      { atLeast: 1.8 },
    ),
    figure(
      'CPU a reading, four threads to one',
      of((round) => cpu(round, 4) / cpu(round, 1)),
      { atMost: 1.1 },
    ),
    {
      name: 'disk at the peak of a full refresh, beside what is there',
      value: of(({ fullRefresh }) => (fullRefresh.get(2)?.peakBytes ?? Number.NaN) / readings),
      unit: 'bytes/reading',
      atMost: 2,
    },
    {
      name: 'peak memory, transform with four threads',
      value: of(({ newBatches }) => newBatches.get(4)?.peakMemoryMb ?? Number.NaN),
      unit: 'MB',
      atMost: 250,
    },
  ];
}

async function measureRound(database: BenchDatabase, round: number): Promise<Round> {
  const hand = await database.use(handWrittenSeconds);
  const firstBuild = new Map<number, SessionsRun>();
  const fullRefresh = new Map<number, SessionsRun>();
  const newBatches = new Map<number, SessionsRun>();
  // in another order each time, so that none always meets the colder cache
  for (const threads of round % 2 === 0 ? THREADS : THREADS.toReversed()) {
    await database.use((client) => client.query(DROP));
    firstBuild.set(threads, await run(database, threads));
    fullRefresh.set(threads, await run(database, threads, '--full-refresh'));
    await database.use((client) => client.query(FORGET));
    newBatches.set(threads, await run(database, threads));
  }
  return { hand, firstBuild, fullRefresh, newBatches };
}

async function run(
  database: BenchDatabase,
  threads: number,
  ...flags: readonly string[]
): Promise<SessionsRun> {
  await database.use((client) => client.query('checkpoint'));
  const cpu = () => database.use(endedSessionsCpu);
  const before = await cpu();
  const { value, peakBytes } = await watchingSize(database, () =>
    runBelt<{ results: readonly { readonly seconds: number }[] }>(
      ...([database.url, 'transform', ...MODEL, '--threads', String(threads), ...flags] as const),
    ),
  );
  const ended = await cpu();
  return {
    seconds: value.summary.results[0]?.seconds ?? Number.NaN,
    cpuSeconds: (ended ?? Number.NaN) - (before ?? Number.NaN),
    peakMemoryMb: value.peakMemoryMb,
    peakBytes,
  };
}

const BETWEEN_SIZES_MS = 100;

/** Asks for the size of the database again and again while work is done in it. */
async function watchingSize<T>(
  database: BenchDatabase,
  work: () => Promise<T>,
): Promise<{ value: T; peakBytes: number }> {
  return database.use(async (client) => {
    const size = async () => {
      const { rows } = await client.query<{ bytes: number }>(
        'select pg_database_size(current_database())::float8 as bytes',
      );
      return rows[0]?.bytes ?? Number.NaN;
    };
    const start = await size();
    let most = start;
    let isDone = false;
    const done = work().finally(() => {
      isDone = true;
    });
    while (!isDone) {
      most = Math.max(most, await size());
      await Promise.race([done.catch(() => undefined), after(BETWEEN_SIZES_MS)]);
    }
    return { value: await done, peakBytes: most - start };
  });
}
