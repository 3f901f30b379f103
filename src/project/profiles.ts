import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { BeltError, UsageError } from '../errors.js';
import { createJinja } from '../jinja/jinja.js';
import { isMap, mapOf, readYaml, textOf, type YamlMap } from './reading/yaml-file.js';
import type { Target } from './target.js';
import { projectContext } from './templates/context.js';
import { yamlRenderer } from './templates/yaml-jinja.js';

/** Where a project's models are built, as profiles.yml says. */
export interface Profile {
  readonly target: Target;
  /** With the password in it: for the connection alone. */
  readonly databaseUrl: string;
}

const FILE = 'profiles.yml';

/**
 * The output of a profile, of --profiles-dir, DBT_PROFILES_DIR, the project folder or ~/.dbt.
 * Undefined where no file has the profile. Throws a BeltError for one that can't be used.
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
  const folders = given === undefined ? [projectDir, join(homedir(), '.dbt')] : [given];
  const path = folders.map((folder) => join(folder, FILE)).find((file) => existsSync(file));
  if (path === undefined) return undefined;
  const yaml = readYaml({ path, text: readFileSync(path, 'utf8') });
  const found = yaml.value[profile];
  if (!isMap(found)) return undefined;
  const line = yaml.lineOf([profile]);
  const wrong = (message: string, hint: string) =>
    new BeltError(message, { location: { file: path, line }, hint });
  const target: Target = {
    name: 'default',
    type: 'postgres',
    schema: 'public',
    database: 'postgres',
    threads: 1,
  };
  const scope = { projectName: profile, target, vars: {}, env, allowsSecrets: true };
  const render = yamlRenderer(createJinja(), projectContext(scope));
  const name =
    options.targetName ?? (textOf(render(found.target, { file: path, line })) || 'default');
  const outputs = mapOf(found.outputs);
  const raw = outputs[name];
  if (!isMap(raw)) {
    throw new UsageError(`The profile ${profile} has no target ${name}.`, {
      location: { file: path, line },
      hint: `Its targets are ${Object.keys(outputs).join(', ') || '(none)'}.`,
    });
  }
  const output = mapOf(render(raw, { file: path, line }));
  const type = textOf(output.type);
  if (type !== 'postgres' && type !== 'timescaledb') {
    throw wrong(
      `The target ${name} is of the type ${type || '(none)'}.`,
      'belt builds on PostgreSQL with TimescaleDB: type: postgres or type: timescaledb.',
    );
  }
  return { target: targetOf(name, output), databaseUrl: urlOf(output) };
}

function targetOf(name: string, output: YamlMap): Target {
  const number = (key: string) => (output[key] === undefined ? undefined : Number(output[key]));
  const port = number('port');
  const user = textOf(output.user);
  const host = textOf(output.host);
  return {
    name,
    type: 'postgres',
    schema: textOf(output.schema) || 'public',
    database: textOf(output.dbname ?? output.database) || 'postgres',
    threads: number('threads') ?? 1,
    ...(host === '' ? {} : { host }),
    ...(port === undefined ? {} : { port }),
    ...(user === '' ? {} : { user }),
  };
}

function urlOf(output: YamlMap): string {
  const url = new URL('postgres://localhost');
  url.hostname = textOf(output.host) || 'localhost';
  url.port = String(output.port ?? 5432);
  url.username = encodeURIComponent(textOf(output.user));
  url.password = encodeURIComponent(String(output.password ?? output.pass ?? ''));
  url.pathname = `/${encodeURIComponent(textOf(output.dbname ?? output.database) || 'postgres')}`;
  const settings: [string, unknown][] = [
    ['sslmode', output.sslmode],
    ['sslrootcert', output.sslrootcert],
    ['sslcert', output.sslcert],
    ['sslkey', output.sslkey],
  ];
  for (const [key, value] of settings) {
    if (typeof value === 'string') url.searchParams.set(key, value);
  }
  return url.toString();
}
