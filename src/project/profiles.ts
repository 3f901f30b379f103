import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { didYouMean, misspelt } from '../did-you-mean.js';
import { type BeltError, UsageError } from '../errors.js';
import { createJinja } from '../jinja/jinja.js';
import { Diagnostics } from './faults.js';
import { OUTPUT, PROFILE } from './reading/file-keys.js';
import { readFile } from './reading/files.js';
import { readAs, type ValueOf } from './reading/shapes.js';
import { isMap, readYaml } from './reading/yaml-file.js';
import type { Target } from './target.js';
import { projectContext } from './templates/context.js';
import { yamlRenderer } from './templates/yaml-jinja.js';

/** Where a project's models are built, as profiles.yml says. */
export interface Profile {
  readonly target: Target;
  /** With the password in it: for the connection alone. */
  readonly databaseUrl: string;
  /** What belt does not act upon. */
  readonly warnings: readonly BeltError[];
}

type Output = ValueOf<typeof OUTPUT>;

const FILE = 'profiles.yml';

/**
 * The output of a profile, of --profiles-dir, DBT_PROFILES_DIR, the project folder or ~/.dbt.
 * Undefined where there is no profiles.yml, or the one in ~/.dbt is of other projects alone. Throws
 * a BeltError or ProjectFaults for one that can't be used.
 */
export function readProfile(options: {
  readonly projectDir: string;
  readonly profile: string;
  readonly targetName: string | undefined;
  readonly profilesDir: string | undefined;
  readonly env: NodeJS.ProcessEnv;
}): Profile | undefined {
  const { projectDir, profile, env } = options;
  const given = options.profilesDir ?? env.DBT_PROFILES_DIR;
  const home = join(homedir(), '.dbt');
  const folder = (given === undefined ? [projectDir, home] : [given]).find((one) =>
    existsSync(join(one, FILE)),
  );
  if (given !== undefined && folder === undefined) {
    throw new UsageError(`${given} holds no ${FILE}.`, {
      hint: 'Correct --profiles-dir or DBT_PROFILES_DIR.',
    });
  }
  const text = folder === undefined ? undefined : readFile(folder, FILE)?.text;
  if (folder === undefined || text === undefined) return undefined;
  const path = join(folder, FILE);
  const yaml = readYaml({ path, text });
  const names = Object.keys(yaml.value);
  const found = yaml.value[profile];
  if (found === undefined) {
    if (folder === home && misspelt(profile, names) === undefined) return undefined;
    throw yaml.fault(
      `There is no profile ${profile}${didYouMean(profile, names)}.`,
      'Correct the profile: of dbt_project.yml, or add it here.',
    );
  }
  const diagnostics = new Diagnostics();
  const report = diagnostics.of(path, yaml.lineOf);
  const scope = { projectName: profile, target: UNKNOWN, vars: {}, env, allowsSecrets: true };
  const render = yamlRenderer(createJinja(), projectContext(scope));
  const place = { file: path, line: yaml.lineOf([profile]) };
  // other targets may need environment variables that are not set here: they stay as they are
  const { outputs, ...rest } = readAs(PROFILE, found, [profile], report) ?? {};
  const name = options.targetName ?? (render(rest.target, place) as string | null) ?? 'default';
  const raw = outputs?.[name];
  if (raw === undefined) {
    diagnostics.finish();
    throw new UsageError(`The profile ${profile} has no target ${name}.`, {
      location: place,
      hint: `Its targets are ${Object.keys(outputs ?? {}).join(', ') || '(none)'}.`,
    });
  }
  const at = [profile, 'outputs', name];
  const type = isMap(raw) ? render(raw.type, place) : undefined;
  if (type !== 'postgres' && type !== 'timescaledb') {
    throw yaml.fault(
      `The target ${name} is of the type ${String(type ?? '(none)')}.`,
      'belt builds on PostgreSQL with TimescaleDB: type: postgres or type: timescaledb.',
      [...at, 'type'],
    );
  }
  const output = readAs(OUTPUT, render(raw, { file: path, line: yaml.lineOf(at) }), at, report);
  const warnings = diagnostics.finish();
  if (output === undefined) throw diagnostics.failure();
  return { target: targetOf(name, output), databaseUrl: urlOf(output), warnings };
}

/** What profiles.yml is rendered for, before it tells its target. */
const UNKNOWN: Target = {
  name: 'default',
  type: 'postgres',
  schema: 'public',
  database: 'postgres',
  threads: 1,
};

function targetOf(name: string, output: Output): Target {
  return {
    ...UNKNOWN,
    name,
    schema: output.schema ?? UNKNOWN.schema,
    database: output.dbname ?? output.database ?? UNKNOWN.database,
    threads: Number(output.threads ?? 1),
    ...(output.host ? { host: output.host } : {}),
    ...(output.port ? { port: Number(output.port) } : {}),
    ...(output.user ? { user: output.user } : {}),
  };
}

/** As a URL, since what sslmode and its files mean is decided where URLs are read. */
function urlOf(output: Output): string {
  const url = new URL('postgres://localhost');
  url.hostname = output.host || 'localhost';
  url.port = String(output.port ?? 5432);
  url.username = encodeURIComponent(output.user ?? '');
  url.password = encodeURIComponent(String(output.password ?? output.pass ?? ''));
  url.pathname = `/${encodeURIComponent(output.dbname ?? output.database ?? 'postgres')}`;
  const { connect_timeout: timeout, keepalives_idle: idle, search_path: path, role } = output;
  const session = [
    ...(path ? [`-c search_path=${escapedOption(path)}`] : []),
    ...(role ? [`-c role=${escapedOption(role)}`] : []),
  ];
  const settings = {
    sslmode: output.sslmode,
    sslrootcert: output.sslrootcert,
    sslcert: output.sslcert,
    sslkey: output.sslkey,
    application_name: output.application_name,
    connectionTimeoutMillis: timeout && timeout * 1000,
    keepAlive: idle ? true : undefined,
    keepAliveInitialDelayMillis: idle && idle * 1000,
    options: session.join(' '),
  };
  for (const [key, value] of Object.entries(settings)) {
    if (value) url.searchParams.set(key, String(value));
  }
  return url.toString();
}

function escapedOption(value: string): string {
  return value.replace(/[\\ ]/g, '\\$&');
}
