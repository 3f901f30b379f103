import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Command, Option } from 'commander';
import { from as copyFrom } from 'pg-copy-streams';
import { migrate } from '../database/migrations.js';
import { type Database, openDatabase } from '../database/open-database.js';
import { DEFAULT_DATABASE_URL, parseDatabaseUrl } from '../database/profile.js';
import { withClient } from '../database/transaction.js';
import { BUNDLED_PROJECT } from '../folders.js';
import { land } from '../landing/land.js';
import { loadProject } from '../project/load-project.js';
import { transform } from '../run/transform.js';
import { NO_FAULTS } from '../simulator/faults.js';
import { simulate } from '../simulator/simulate.js';
import { textTable } from '../text-table.js';

interface Round {
  /** Landing, and a plain COPY of the same documents, in MB/s. */
  readonly landMBs: number;
  readonly copyMBs: number;
  readonly readingsPerSecond: number;
  /** Of battery_telemetry, in the row store and compressed. */
  readonly rowBytes: number;
  readonly compressedBytes: number;
}

const program = new Command('bench')
  .description('measures landing against a plain COPY, transforming, and storage; prints medians')
  .addOption(
    new Option('--database-url <url>').default(process.env.DATABASE_URL ?? DEFAULT_DATABASE_URL),
  )
  .addOption(new Option('--devices <n>').default(20).argParser(Number))
  .addOption(new Option('--hours <n>').default(4).argParser(Number))
  .addOption(new Option('--rounds <n>').default(3).argParser(Number))
  .parse();

const options = program.opts<{
  databaseUrl: string;
  devices: number;
  hours: number;
  rounds: number;
}>();

const folder = mkdtempSync(join(tmpdir(), 'belt-bench-'));
try {
  const texts = await writeResponseSet();
  const rounds: Round[] = [];
  for (let round = 0; round < options.rounds; round++) rounds.push(await measure(texts, round));
  report(rounds);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** Writes hourly responses of 14 series at 4 s for each device. Gives the documents' texts. */
async function writeResponseSet(): Promise<string[]> {
  const fromMs = Date.UTC(2025, 1, 6);
  await simulate(
    {
      devices: options.devices,
      seed: 'bench',
      fromMs,
      toMs: fromMs + options.hours * 3_600_000,
      cadenceMs: 4000,
      chunkMs: 3_600_000,
      folder: join(folder, 'data'),
      series: 'all',
      faults: NO_FAULTS,
      signal: new AbortController().signal,
    },
    () => undefined,
  );
  return readdirSync(join(folder, 'data', 'telemetry'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.json'))
    .map((name) => readFileSync(join(folder, 'data', 'telemetry', name), 'utf8'));
}

async function measure(texts: readonly string[], round: number): Promise<Round> {
  const { url, drop } = await freshDatabase(round);
  const database = await openDatabase(parseDatabaseUrl(url, process.cwd()), 'bench');
  try {
    await migrate(database.pool);
    // each round begins with the other one, so that neither always meets the colder cache
    const [landMBs, copyMBs] =
      round % 2 === 0
        ? [await measureLand(database), await measureCopy(database, texts)]
        : await swapped(database, texts);
    const project = loadProject({
      projectDir: BUNDLED_PROJECT,
      target: { name: 'bench', type: 'postgres', schema: 'public', database: '', threads: 1 },
      env: process.env,
    });
    const quiet = {
      onWait: () => undefined,
      onStart: () => undefined,
      onNodeStart: () => undefined,
      onProgress: () => undefined,
      onNodeEnd: () => undefined,
    };
    const choice = {
      select: [],
      exclude: [],
      fullRefresh: false,
      signal: new AbortController().signal,
    };
    const summary = await transform(database, project, choice, quiet);
    const failed = summary.results.find(({ status }) => status !== 'success');
    if (failed !== undefined) throw new Error(`${failed.name}: ${failed.message}`);
    const readings = options.devices * options.hours * 900 * 14;
    return {
      landMBs,
      copyMBs,
      readingsPerSecond: readings / summary.seconds,
      ...(await measureStorage(database, readings)),
    };
  } finally {
    await database.close();
    await drop();
  }
}

async function swapped(database: Database, texts: readonly string[]): Promise<[number, number]> {
  const copyMBs = await measureCopy(database, texts);
  return [await measureLand(database), copyMBs];
}

async function measureLand(database: Database): Promise<number> {
  const summary = await land(
    database,
    { source: join(folder, 'data'), signal: new AbortController().signal },
    { onWait: () => undefined, onProgress: () => undefined, onRejected: () => undefined },
  );
  return summary.bytes / summary.seconds / 1e6;
}

function measureCopy(database: Database, texts: readonly string[]): Promise<number> {
  return withClient(database.pool, async (client) => {
    await client.query('create table public.plain_copy (body jsonb)');
    const bytes = texts.reduce((sum, text) => sum + text.length, 0);
    const start = performance.now();
    await pipeline(
      Readable.from(texts.map((text) => `${text}\n`)),
      client.query(copyFrom('copy public.plain_copy from stdin')),
    );
    if (database.embedded !== undefined) await client.query('checkpoint');
    const seconds = (performance.now() - start) / 1000;
    await client.query('drop table public.plain_copy');
    return bytes / seconds / 1e6;
  });
}

async function measureStorage(
  database: Database,
  readings: number,
): Promise<{ rowBytes: number; compressedBytes: number }> {
  return withClient(database.pool, async (client) => {
    await client.query(
      "select compress_chunk(chunk, true) from show_chunks('public.battery_telemetry') as chunk",
    );
    const { rows } = await client.query<{ before: number; after: number }>(
      `select before_compression_total_bytes::float8 as before,
          after_compression_total_bytes::float8 as after
        from hypertable_compression_stats('public.battery_telemetry')`,
    );
    return {
      rowBytes: (rows[0]?.before ?? 0) / readings,
      compressedBytes: (rows[0]?.after ?? 0) / readings,
    };
  });
}

async function freshDatabase(round: number): Promise<{ url: string; drop(): Promise<void> }> {
  if (options.databaseUrl.startsWith('embedded:')) {
    const path = join(folder, `database-${round}`);
    return {
      url: `embedded:${path}`,
      drop: async () => rmSync(path, { recursive: true, force: true }),
    };
  }
  const name = `belt_bench_${randomBytes(4).toString('hex')}`;
  const administer = async (statement: string) => {
    const server = await openDatabase(
      parseDatabaseUrl(options.databaseUrl, process.cwd()),
      'bench',
    );
    await server.pool.query(statement);
    await server.close();
  };
  await administer(`create database ${name}`);
  const url = new URL(options.databaseUrl);
  url.pathname = `/${name}`;
  return {
    url: url.toString(),
    drop: () => administer(`drop database ${name} with (force)`),
  };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

function report(rounds: readonly Round[]): void {
  const of = (value: (round: Round) => number) => median(rounds.map(value));
  const figures = {
    engine: options.databaseUrl.startsWith('embedded:') ? 'embedded' : 'server',
    readings: options.devices * options.hours * 900 * 14,
    rounds: rounds.length,
    land_mb_per_second: of((round) => round.landMBs),
    land_to_plain_copy: of((round) => round.landMBs / round.copyMBs),
    transform_readings_per_second: of((round) => round.readingsPerSecond),
    row_store_bytes_per_reading: of((round) => round.rowBytes),
    compressed_bytes_per_reading: of((round) => round.compressedBytes),
    peak_memory_mb: process.resourceUsage().maxRSS / 1024,
    machine: `${cpus().length} x ${cpus()[0]?.model ?? ''}, ${Math.round(totalmem() / 2 ** 30)} GB, Node ${process.version}`,
  };
  const text = (value: number | string) =>
    typeof value === 'number' && !Number.isInteger(value) ? value.toPrecision(4) : String(value);
  process.stderr.write(
    `${textTable(
      ['figure', 'median'],
      Object.entries(figures).map(([name, value]) => [name, text(value)]),
    )}\n`,
  );
  process.stdout.write(`${JSON.stringify(figures)}\n`);
}
