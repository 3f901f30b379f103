import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { from as copyFrom } from 'pg-copy-streams';
import type { BenchDatabase } from './bench-database.js';
import type { FleetDocuments } from './fleet-documents.js';
import { timed } from './median.js';

/** Seconds of a COPY of the documents into one jsonb column, with no check of anything. */
export function plainCopySeconds(database: BenchDatabase, fleet: FleetDocuments): Promise<number> {
  return database.use(async (client) => {
    await client.query('create table public.plain_copy (body jsonb)');
    const { seconds } = await timed(async () => {
      await pipeline(
        Readable.from(lines(fleet.files), { objectMode: false }),
        client.query(copyFrom('copy public.plain_copy from stdin')),
      );
      if (database.isEmbedded) await client.query('checkpoint');
    });
    await client.query('drop table public.plain_copy');
    return seconds;
  });
}

/** Simulated documents hold no backslash, tab or line end: they are COPY lines as they are. */
function* lines(files: readonly string[]): Generator<Buffer> {
  const end = Buffer.from('\n');
  for (const file of files) {
    yield readFileSync(file);
    yield end;
  }
}
