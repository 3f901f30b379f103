import pg from 'pg';
import { BeltError } from '../errors.js';
import { type EmbeddedEngine, openEmbeddedEngine } from './embedded/engine.js';
import type { EmbeddedHandle } from './embedded/handle.js';
import { lockFolder } from './embedded/lock.js';
import { EmbeddedStream } from './embedded/stream.js';
import { createEngineTurns } from './embedded/turns.js';
import type { ConnectionProfile, EmbeddedProfile, ServerProfile } from './profile.js';

/** An open database: all queries go through `pool`, whichever engine answers. */
export interface Database {
  readonly profile: ConnectionProfile;
  /** Which engine answers: the embedded one also where another process serves it. */
  readonly engine: 'embedded' | 'server';
  /** On the embedded engine it holds one client: never ask for a second one while holding one. */
  readonly pool: pg.Pool;
  /** The embedded engine, where it runs in this process. */
  readonly embedded: EmbeddedHandle | undefined;
  /** Process ids of the server's backends that serve this pool. */
  readonly backends: ReadonlySet<number>;
  close(): Promise<void>;
}

/** Sessions besides those of the threads: to cancel what they run. */
const SPARE_SESSIONS = 3;

/**
 * Every session of belt reads and writes times in UTC; the embedded engine's begin so. A user called
 * as one of belt's schemas would have what is made without a schema in that one.
 */
const PREPARE_SESSION = `select pg_backend_pid() as pid, set_config('timezone', 'UTC', false) as timezone,
    case when current_user in ('belt', 'raw') then set_config('search_path',
      regexp_replace(current_setting('search_path'), '"\\$user"\\s*,?\\s*', ''), false) end as search_path,
    coalesce(current_setting('belt.engine', true), 'server') as engine`;

interface Session {
  readonly pid: number;
  readonly engine: Database['engine'];
}

/** Opens the database of a profile, for as many `threads` as models run side by side. `command` is told to others who find it locked. */
export function openDatabase(
  profile: ConnectionProfile,
  command: string,
  threads = 1,
): Promise<Database> {
  return profile.engine === 'embedded'
    ? openEmbedded(profile, command)
    : openServer(profile, threads + SPARE_SESSIONS);
}

async function openEmbedded(profile: EmbeddedProfile, command: string): Promise<Database> {
  const lock = await lockFolder(profile.folder, command);
  let engine: EmbeddedEngine;
  try {
    engine = await openEmbeddedEngine(profile.folder);
  } catch (error) {
    await lock.release();
    throw error;
  }
  const turns = createEngineTurns();
  const pool = new pg.Pool({
    max: 1,
    idleTimeoutMillis: 0,
    user: 'postgres',
    database: 'postgres',
    stream: () => new EmbeddedStream(engine, turns),
  });
  return {
    profile,
    engine: 'embedded',
    pool,
    embedded: { engine, turns, lock },
    backends: new Set(),
    close: async () => {
      await pool.end();
      await engine.close();
      await lock.release();
    },
  };
}

async function openServer(profile: ServerProfile, sessions: number): Promise<Database> {
  const pids = new Map<pg.ClientBase, number>();
  const backends = new Set<number>();
  let engine: Database['engine'] = 'server';
  const pool = new pg.Pool({
    ...profile.pool,
    max: sessions,
    onConnect: async (client) => {
      const { rows } = await client.query<Session>(PREPARE_SESSION);
      for (const session of rows) {
        pids.set(client, session.pid);
        backends.add(session.pid);
        engine = session.engine;
      }
    },
  });
  // a connection that breaks while idle is replaced; one in use reports its own error
  pool.on('error', () => undefined);
  pool.on('remove', (client) => {
    const pid = pids.get(client);
    if (pid !== undefined) backends.delete(pid);
    pids.delete(client);
  });
  try {
    const client = await pool.connect();
    client.release();
  } catch (cause) {
    await pool.end();
    throw unreachable(profile, cause);
  }
  return { profile, engine, pool, embedded: undefined, backends, close: () => pool.end() };
}

function unreachable(profile: ServerProfile, cause: unknown): BeltError {
  const { code, message } = cause as { code?: string; message: string };
  return new BeltError(
    `The server at ${profile.displayUrl} does not answer: ${message || code || 'no reason given'}`,
    { hint: hintFor(code), cause },
  );
}

function hintFor(code: string | undefined): string {
  switch (code) {
    case 'ECONNREFUSED':
      return 'Nothing listens there: check host and port, and that the server runs.';
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'The host name does not resolve: check it.';
    case '28P01':
    case '28000':
      return 'User or password is wrong: check them in DATABASE_URL, or set PGPASSWORD.';
    case '3D000':
      return 'Create the database first: createdb NAME.';
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
      return 'Name the certificate authority: sslmode=verify-full&sslrootcert=/path/ca.pem.';
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return 'The certificate is for another host name: use the name that it was issued for.';
    default:
      return 'Check DATABASE_URL; `belt doctor` tells more.';
  }
}
