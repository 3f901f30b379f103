import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, platform, release, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { reportFault } from '../commands/report-fault.js';
import { DEFAULT_DATABASE_URL, parseDatabaseUrl } from '../database/profile.js';
import { BELT_VERSION } from '../folders.js';
import { measureAlerts } from './alert-latency.js';
import { beltHelp, runBelt } from './belt-process.js';
import { type BenchDatabase, createBenchDatabase, readVersions } from './bench-database.js';
import { measureCommon } from './common-solution.js';
import { measureCapacityErrors, measureDegradation } from './degradation.js';
import { type Figure, figuresText } from './figures.js';
import { type FleetDocuments, writeFleet } from './fleet-documents.js';
import { median } from './median.js';
import { measureSessions } from './parallel-landing.js';
import { measurePipeline, measureReprocessing, type PipelineRound } from './pipeline.js';
import { SCALES, type ScaleName } from './scale.js';
import { sessionsFigures } from './sessions.js';
import { compressRaw, compressTelemetry, zstdFloor } from './storage.js';
import { measureWatch, measureWatchMemory } from './watch-latency.js';

const SECTIONS = [
  'pipeline',
  'storage',
  'common',
  'reprocess',
  'sessions',
  'alerts',
  'watch',
  'degradation',
] as const;
type Section = (typeof SECTIONS)[number];

const program = new Command('bench')
  .description('measures belt against plain SQL and the common solution, as ratios in one run')
  .addOption(
    new Option('--database-url <url>', 'embedded: or postgres://…, where it may create databases')
      .env('DATABASE_URL')
      .default(DEFAULT_DATABASE_URL),
  )
  .addOption(
    new Option('--scale <scale>', 'how much is measured')
      .choices(Object.keys(SCALES))
      .default('standard'),
  )
  .addOption(
    new Option('--rounds <n>', 'rounds of which medians are taken')
      .default(3)
      .argParser(parseRounds),
  )
  .addOption(new Option('--only <section...>', 'measure only these').choices(SECTIONS))
  .addOption(new Option('--json <file>', 'where to write the figures').default('bench.json'))
  .parse();

const options = program.opts<{
  databaseUrl: string;
  scale: ScaleName;
  rounds: number;
  only?: Section[];
  json: string;
}>();
const scale = SCALES[options.scale];
const wanted = new Set<Section>(options.only ?? SECTIONS);
const figures: Figure[] = [];
const folder = mkdtempSync(join(tmpdir(), 'belt-bench-'));
const databases: BenchDatabase[] = [];

/** Commands that make again what is there: a windowed one is measured as soon as belt has it. */
const REPROCESSING: readonly { name: string; needs: string; parameters: readonly string[] }[] = [
  {
    name: 'full refresh of battery_telemetry+',
    needs: '--full-refresh',
    parameters: ['--full-refresh', '--select', 'battery_telemetry+'],
  },
  {
    name: 'reprocessing a window of an hour',
    needs: '--event-time-start',
    parameters: [
      ...['--event-time-start', '2025-06-04T01:00:00Z'],
      ...['--event-time-end', '2025-06-04T02:00:00Z', '--select', 'battery_telemetry+'],
    ],
  },
];

try {
  parseDatabaseUrl(options.databaseUrl, process.cwd());
  if (SECTIONS.slice(0, 5).some((name) => wanted.has(name))) {
    await measureDay();
  }
  if (wanted.has('alerts')) await measureAlertLatency();
  if (wanted.has('watch')) await measureWatching();
  if (wanted.has('degradation')) await measureYear();
  await report();
} catch (error) {
  process.exitCode = reportFault(error, { debug: true, logFormat: 'text' });
} finally {
  for (const database of databases) await database.drop();
  rmSync(folder, { recursive: true, force: true });
}

async function measureDay(): Promise<void> {
  say(`Simulating ${scale.devices} devices of ${scale.hours} h`);
  const fleet = await writeFleet(join(folder, 'fleet'), scale);
  const tenth = { ...scale, devices: Math.ceil(scale.devices / 10) };
  const smallFleet = await writeFleet(join(folder, 'small'), tenth);
  add('simulating', fleet.readingsPerSecond, 'readings/s', { atLeast: 1e6 });
  const rounds: PipelineRound[] = [];
  const small: PipelineRound[] = [];
  let last: BenchDatabase | undefined;
  for (let round = 0; round < (wanted.has('pipeline') ? options.rounds : 1); round++) {
    say(`Landing and transforming, round ${round + 1}`);
    const warm = await measurePipeline(options.databaseUrl, folder, smallFleet, round);
    await warm.database.drop();
    small.push(warm.figures);
    await last?.drop();
    const measured = await measurePipeline(options.databaseUrl, folder, fleet, round);
    last = measured.database;
    rounds.push(measured.figures);
  }
  if (last === undefined) return;
  databases.push(last);
  addPipeline(fleet, smallFleet, rounds, small);
  if (wanted.has('pipeline') && !last.isEmbedded) {
    const url = options.databaseUrl;
    await measureSessions({ ...options, url, folder, say, add }, fleet);
  }
  if (wanted.has('common')) await measureCommonSolution(fleet, last, rounds);
  if (wanted.has('storage')) await measureStorage(fleet, last);
  if (wanted.has('reprocess')) await reprocess(fleet, last);
  // last, since what is rebuilt from the columnstore takes other times
  if (wanted.has('storage')) await measureRaw(fleet, last);
  if (wanted.has('sessions') && !last.isEmbedded) {
    say('Sessions');
    figures.push(...(await sessionsFigures(last, fleet.readings, options.rounds)));
  }
  rmSync(join(folder, 'fleet'), { recursive: true, force: true });
}

function addPipeline(
  fleet: FleetDocuments,
  smallFleet: FleetDocuments,
  rounds: readonly PipelineRound[],
  small: readonly PipelineRound[],
): void {
  const of = (value: (round: PipelineRound) => number) => median(rounds.map(value));
  add('readings', fleet.readings, '');
  add('documents', fleet.bytes / 1e6, 'MB');
  add(
    'landing',
    of((round) => fleet.bytes / 1e6 / round.landSeconds),
    'MB/s',
  );
  add(
    'landing to plain COPY',
    of((round) => round.copySeconds / round.landSeconds),
    'x',
    {
      atLeast: 0.9,
    },
  );
  add(
    'transform, all models',
    of((round) => fleet.readings / round.transformSeconds),
    'readings/s',
    {
      atLeast: 1e6,
    },
  );
  add(
    'transform, battery_telemetry',
    of((round) => fleet.readings / round.modelSeconds),
    'readings/s',
  );
  add(
    'one hand-written statement',
    of((round) => fleet.readings / round.handSeconds),
    'readings/s',
  );
  add(
    'battery_telemetry to hand-written',
    of((round) => round.handSeconds / round.modelSeconds),
    'x',
  );
  const growth = rounds.map((round, index) => {
    const one = small[index];
    return one === undefined
      ? Number.NaN
      : (round.landSeconds + round.transformSeconds) / (one.landSeconds + one.transformSeconds);
  });
  const times = fleet.readings / smallFleet.readings;
  add(`time for ${times} times the readings`, median(growth), 'x', { atMost: times * 1.1 });
  add(
    'peak memory, land',
    of((round) => round.landPeakMemoryMb),
    'MB',
    { atMost: 300 },
  );
  add(
    'peak memory, transform',
    of((round) => round.transformPeakMemoryMb),
    'MB',
    { atMost: 300 },
  );
  const smallLand = median(small.map((round) => round.landPeakMemoryMb));
  add(`peak memory, land, a ${times}th`, smallLand, 'MB');
}

async function measureCommonSolution(
  fleet: FleetDocuments,
  database: BenchDatabase,
  rounds: readonly PipelineRound[],
): Promise<void> {
  say('The common solution');
  const common = await database.use((client) => measureCommon(client, fleet));
  const own = median(
    rounds.map((round) => fleet.readings / (round.landSeconds + round.transformSeconds)),
  );
  const theirs = common.readings / common.seconds;
  add('end to end', own, 'readings/s');
  add('common solution, end to end', theirs, 'readings/s');
  add('end to end to common solution', own / theirs, 'x', { atLeast: 30 });
  add('common solution, row store', common.rowBytes, 'bytes/reading');
  add('common solution, compressed', common.compressedBytes, 'bytes/reading');
}

async function measureStorage(fleet: FleetDocuments, database: BenchDatabase): Promise<void> {
  say('Storage');
  const floor = await database.use(zstdFloor);
  const { rowBytes, compressedBytes } = await database.use(compressTelemetry);
  const perReading = (bytes: number) => bytes / fleet.readings;
  add('row store', perReading(rowBytes), 'bytes/reading', { atMost: 12.5 });
  add('compressed', perReading(compressedBytes), 'bytes/reading', { atMost: 0.8 });
  if (floor === undefined) {
    say('There is no zstd program, so its floor is not measured.');
    return;
  }
  add('zstd -19, columns as they are', perReading(floor.plainBytes), 'bytes/reading');
  add('zstd -19, columns or differences', perReading(floor.floorBytes), 'bytes/reading');
  add('compressed to zstd -19, columns as they are', compressedBytes / floor.plainBytes, 'x', {
    atMost: 1.3,
  });
  add('compressed to zstd -19, columns or differences', compressedBytes / floor.floorBytes, 'x');
}

async function measureRaw(fleet: FleetDocuments, database: BenchDatabase): Promise<void> {
  say('Raw in the columnstore');
  const { rowBytes, columnstoreBytes } = await database.use(compressRaw);
  add('raw, row store', rowBytes / fleet.readings, 'bytes/reading');
  add('raw, columnstore', columnstoreBytes / fleet.readings, 'bytes/reading', { atMost: 7.5 });
}

async function reprocess(fleet: FleetDocuments, database: BenchDatabase): Promise<void> {
  const help = await beltHelp('transform');
  for (const { name, needs, parameters } of REPROCESSING) {
    if (!help.includes(needs)) continue;
    say(`Reprocessing: ${name}`);
    const seconds = await measureReprocessing(database, parameters);
    add(name, seconds, 's');
    if (needs === '--full-refresh') add(name, fleet.readings / seconds, 'readings/s');
  }
}

async function measureAlertLatency(): Promise<void> {
  say('Alert latency');
  const database = await createBenchDatabase(options.databaseUrl, folder);
  databases.push(database);
  const latencies = await database.use((client) => measureAlerts(client, scale));
  for (const { devices, days, alerts, p50Ms, p99Ms, roundTripP99Ms } of latencies) {
    const name = `alerts, ${devices} devices, ${days} days (${alerts} rows)`;
    add(`${name}, p50`, p50Ms, 'ms');
    add(`${name}, p99`, p99Ms, 'ms', { atMost: 2 });
    add(`${name}, select 1, p99`, roundTripP99Ms, 'ms');
  }
  const most = Math.max(...latencies.map(({ devices }) => devices));
  const ofMost = latencies.filter(({ devices }) => devices === most);
  const [first, longest] = [ofMost[0], ofMost.at(-1)];
  if (first !== undefined && longest !== undefined) {
    const between = `${longest.days} days to ${first.days}`;
    add(`alerts, p50, ${between}`, longest.p50Ms / first.p50Ms, 'x', { atMost: 1.2 });
    add(`alerts, p99, ${between}`, longest.p99Ms / first.p99Ms, 'x', { atMost: 1.2 });
  }
}

async function measureWatching(): Promise<void> {
  if (options.databaseUrl.startsWith('embedded:')) return;
  for (const devices of scale.watchDevices) {
    say(`Watching ${devices} devices`);
    const database = await createBenchDatabase(options.databaseUrl, folder);
    databases.push(database);
    const latency = await measureWatch(database, folder, devices, 2 * options.rounds);
    const target = devices > 100 ? { atMost: 2 } : { atMost: 0.5 };
    add(`watch, ${devices} devices, response to alert`, latency.seconds, 's', target);
    add(`watch, ${devices} devices, landing`, latency.landSeconds, 's');
    add(`watch, ${devices} devices, all models`, latency.transformSeconds, 's');
  }
  say(`Watching ${scale.watchLoops} loops`);
  const database = await createBenchDatabase(options.databaseUrl, folder);
  databases.push(database);
  const { earlyMb, lateMb } = await measureWatchMemory(database, folder, scale.watchLoops);
  add(`watch, memory after ${scale.watchLoops / 10} loops`, earlyMb, 'MB');
  add(`watch, memory after ${scale.watchLoops} loops`, lateMb, 'MB', { atMost: earlyMb * 1.1 });
}

async function measureYear(): Promise<void> {
  say('A year of degradation');
  const year = {
    devices: scale.yearDevices,
    cadenceMs: scale.yearCadenceMs,
    hours: options.scale === 'smoke' ? 240 : 8760,
    chunkHours: 24,
    truthFile: join(folder, 'truth.csv'),
  };
  const fleet = await writeFleet(join(folder, 'year'), year);
  const database = await createBenchDatabase(options.databaseUrl, folder);
  databases.push(database);
  await runBelt(database.url, 'land', '--source', fleet.folder);
  await runBelt(database.url, 'transform');
  await database.use(compressTelemetry);
  const measured = await database.use((client) => measureDegradation(client, options.rounds + 2));
  add('a year, readings', fleet.readings, '');
  add('degradation of a year, from aggregates', measured.fromAggregatesMs, 'ms');
  add('degradation of a year, from raw rows', measured.fromRawRowsMs, 'ms');
  add(
    'degradation, raw rows to aggregates',
    measured.fromRawRowsMs / measured.fromAggregatesMs,
    'x',
  );
  const errors = await database.use((client) => measureCapacityErrors(client, year.truthFile));
  add('usable capacity, months of devices', errors.months, '');
  add('usable capacity, of these told', errors.told, '');
  if (errors.told > 0) {
    add('usable capacity to the truth, median', errors.medianPercent, '% off');
    add('usable capacity to the truth, worst', errors.worstPercent, '% off');
  }
}

async function report(): Promise<void> {
  const database = databases[0];
  const versions = database === undefined ? undefined : await database.use(readVersions);
  const result = {
    belt: BELT_VERSION,
    scale: options.scale,
    rounds: options.rounds,
    engine: options.databaseUrl.startsWith('embedded:') ? 'embedded' : 'server',
    machine: {
      cpus: cpus().length,
      cpu: cpus()[0]?.model ?? '',
      memoryGb: Math.round(totalmem() / 2 ** 30),
      system: `${platform()} ${release()}`,
      node: process.version,
    },
    versions,
    figures,
  };
  process.stdout.write(`${figuresText(figures)}\n`);
  writeFileSync(options.json, `${JSON.stringify(result, null, 2)}\n`);
  say(`Written to ${options.json}`);
}

function parseRounds(text: string): number {
  const rounds = Number(text);
  if (!Number.isInteger(rounds) || rounds < 1) {
    throw new InvalidArgumentError('It is a whole number from 1 on.');
  }
  return rounds;
}

function add(
  name: string,
  value: number,
  unit: string,
  target: { atLeast?: number; atMost?: number } = {},
): void {
  figures.push({ name, value, unit, ...target });
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}
