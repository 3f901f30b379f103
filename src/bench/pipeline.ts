import { type BeltRun, runBelt } from './belt-process.js';
import { type BenchDatabase, createBenchDatabase } from './bench-database.js';
import type { FleetDocuments } from './fleet-documents.js';
import { handWrittenSeconds } from './hand-written.js';
import { plainCopySeconds } from './plain-copy.js';

/** One round of landing and transforming a fleet in a new database. */
export interface PipelineRound {
  readonly landSeconds: number;
  readonly copySeconds: number;
  readonly transformSeconds: number;
  /** Of battery_telemetry alone. */
  readonly modelSeconds: number;
  readonly handSeconds: number;
  readonly landPeakMemoryMb: number;
  readonly transformPeakMemoryMb: number;
}

interface TransformJson {
  readonly seconds: number;
  readonly results: readonly { readonly name: string; readonly seconds: number }[];
}

/** Measures a round, and gives the database too, for what comes after it. */
export async function measurePipeline(
  serverUrl: string,
  folder: string,
  fleet: FleetDocuments,
  round: number,
): Promise<{ figures: PipelineRound; database: BenchDatabase }> {
  const database = await createBenchDatabase(serverUrl, folder);
  try {
    const land = () =>
      settled(database, () =>
        runBelt<{ seconds: number }>(database.url, 'land', '--source', fleet.folder),
      );
    const copy = () => settled(database, () => plainCopySeconds(database, fleet));
    // each round begins with the other one, so that neither always meets the colder cache
    let landed: BeltRun<{ seconds: number }>;
    let copySeconds: number;
    if (round % 2 === 0) {
      landed = await land();
      copySeconds = await copy();
    } else {
      copySeconds = await copy();
      landed = await land();
    }
    await database.use((client) => client.query('analyze raw.telemetry_response'));
    const transformed = await settled(database, () => transform(database));
    const handSeconds = await settled(database, () => database.use(handWrittenSeconds));
    const model = transformed.summary.results.find(({ name }) => name === 'battery_telemetry');
    return {
      database,
      figures: {
        landSeconds: landed.summary.seconds,
        copySeconds,
        transformSeconds: transformed.summary.seconds,
        modelSeconds: model?.seconds ?? Number.NaN,
        handSeconds,
        landPeakMemoryMb: landed.peakMemoryMb,
        transformPeakMemoryMb: transformed.peakMemoryMb,
      },
    };
  } catch (error) {
    await database.drop();
    throw error;
  }
}

/** Seconds of a command that makes readings again which are there already. */
export async function measureReprocessing(
  database: BenchDatabase,
  parameters: readonly string[],
): Promise<number> {
  const { summary } = await settled(database, () => transform(database, ...parameters));
  return summary.seconds;
}

function transform(
  database: BenchDatabase,
  ...parameters: readonly string[]
): Promise<BeltRun<TransformJson>> {
  return runBelt<TransformJson>(database.url, 'transform', ...parameters);
}

/** Begins with nothing left to write from what came before. */
async function settled<T>(database: BenchDatabase, work: () => Promise<T>): Promise<T> {
  await database.use((client) => client.query('checkpoint'));
  return work();
}
