import { runBelt } from './belt-process.js';
import { createBenchDatabase } from './bench-database.js';
import type { Figure } from './figures.js';
import type { FleetDocuments } from './fleet-documents.js';
import { median } from './median.js';
import { plainCopySeconds } from './plain-copy.js';

/** How some sessions land a fleet, and how long a plain COPY of it takes right after. */
interface LandingRound {
  readonly landSeconds: number;
  readonly copySeconds: number;
  readonly peakMemoryMb: number;
}

/** Lands a fleet by `threads` sessions into a new database of a server. */
async function measureLanding(
  serverUrl: string,
  folder: string,
  fleet: FleetDocuments,
  threads: number,
): Promise<LandingRound> {
  const database = await createBenchDatabase(serverUrl, folder);
  try {
    const { summary, peakMemoryMb } = await runBelt<{ seconds: number }>(
      database.url,
      ...['land', '--source', fleet.folder, '--threads', String(threads)],
    );
    await database.use((client) => client.query('checkpoint'));
    const copySeconds = await plainCopySeconds(database, fleet);
    return { landSeconds: summary.seconds, copySeconds, peakMemoryMb };
  } finally {
    await database.drop();
  }
}

/** Landing by some sessions to plain COPY, and what is aimed at. */
const SESSIONS = [
  { threads: 1, atLeast: 1.3 },
  { threads: 2, atLeast: 1.8 },
  { threads: 4, atLeast: 1.8 },
] as const;

interface Measuring {
  readonly url: string;
  readonly folder: string;
  readonly rounds: number;
  say(text: string): void;
  add(name: string, value: number, unit: string, target: Pick<Figure, 'atLeast' | 'atMost'>): void;
}

export async function measureSessions(
  { url, folder, rounds, say, add }: Measuring,
  fleet: FleetDocuments,
): Promise<void> {
  for (const { threads, atLeast } of SESSIONS) {
    const landed: LandingRound[] = [];
    for (let round = 0; round < rounds; round++) {
      say(`Landing by ${threads} sessions, round ${round + 1}`);
      landed.push(await measureLanding(url, folder, fleet, threads));
    }
    const ratio = median(landed.map((round) => round.copySeconds / round.landSeconds));
    add(`landing by --threads ${threads} to plain COPY`, ratio, 'x', { atLeast });
    const memory = median(landed.map((round) => round.peakMemoryMb));
    add(`peak memory, land --threads ${threads}`, memory, 'MB', { atMost: 250 });
  }
}
