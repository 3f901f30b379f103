import { resolve } from 'node:path';
import type { PoolConfig } from 'pg';
import { parse, toClientConfig } from 'pg-connection-string';
import { UsageError } from '../errors.js';

/** The embedded engine, kept in a folder. */
export interface EmbeddedProfile {
  readonly engine: 'embedded';
  /** Absolute path of the folder that holds the database. */
  readonly folder: string;
  /** The URL to show to people. */
  readonly displayUrl: string;
}

/** A TimescaleDB server, reached over TCP or a Unix socket. */
export interface ServerProfile {
  readonly engine: 'server';
  readonly pool: PoolConfig;
  /** The URL to show to people, without its password. */
  readonly displayUrl: string;
}

export type ConnectionProfile = EmbeddedProfile | ServerProfile;

export const DEFAULT_DATABASE_URL = 'embedded:.belt';

/** Secrets that a URL can carry: its password, in either place. */
const SECRET_PARAMETERS = ['password', 'sslpassword'];

/** Reads a DATABASE_URL: `embedded:PATH` or `postgres://…`. Relative paths are below `cwd`. */
export function parseDatabaseUrl(url: string, cwd: string): ConnectionProfile {
  if (url.startsWith('embedded:')) {
    const path = url.slice('embedded:'.length);
    if (path === '') {
      throw new UsageError('DATABASE_URL "embedded:" names no folder.', {
        hint: 'Name one, for example embedded:.belt',
      });
    }
    return { engine: 'embedded', folder: resolve(cwd, path), displayUrl: url };
  }
  if (/^postgres(ql)?:\/\//.test(url)) {
    return { engine: 'server', pool: serverPool(url), displayUrl: redactUrl(url) };
  }
  throw new UsageError(`DATABASE_URL ${JSON.stringify(redactUrl(url))} is of no known kind.`, {
    hint: 'Use embedded:PATH for the embedded engine, or postgres://user@host:5432/database for a server.',
  });
}

function serverPool(url: string): PoolConfig {
  try {
    // libpq's meaning of sslmode (require does not verify, verify-full does), which psql users expect
    const config = toClientConfig(parse(url, { useLibpqCompat: true }));
    return {
      ...config,
      application_name: config.application_name ?? 'belt',
      connectionTimeoutMillis: config.connectionTimeoutMillis ?? 15_000,
    };
  } catch (cause) {
    throw new UsageError(
      `DATABASE_URL ${redactUrl(url)} cannot be used: ${messageOf(cause, url)}`,
      {
        hint: 'Check the URL: postgres://user:password@host:5432/database?sslmode=verify-full&sslrootcert=/path/ca.pem',
      },
    );
  }
}

function messageOf(cause: unknown, url: string): string {
  const message = cause instanceof Error ? cause.message : String(cause);
  return message.replaceAll(url, redactUrl(url));
}

/** The URL with every secret in it replaced by `***`, also where it is not written as it should be. */
export function redactUrl(url: string): string {
  const user = /^[a-z]+:\//i.test(url)
    ? /^([a-z]+:\/+[^/?#@:]*):.*@(?=[^@]*$)/i
    : /^([^/?#@:]*):.*@(?=[^@]*$)/;
  const authority = url.replace(user, '$1:***@');
  return SECRET_PARAMETERS.reduce(
    (text, name) =>
      text.replace(new RegExp(`((?:^|[?&\\s])${name}\\s*=\\s*)('[^']*'|[^&#\\s]*)`, 'gi'), '$1***'),
    authority,
  );
}
