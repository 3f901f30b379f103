import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const below = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** The numbered migrations that come with belt. */
export const SQL_FOLDER = below('../sql');

/** dbt's own macros, as belt has them. */
export const DBT_MACROS_FOLDER = below('../src/project/dbt-macros');

/** The project that belt runs where the working folder holds none of its own. */
export const BUNDLED_PROJECT = below('..');

/** The simulated response set that comes with belt. */
export const BUNDLED_DATA = below('../data');

export const BELT_VERSION = (
  JSON.parse(readFileSync(below('../package.json'), 'utf8')) as { version: string }
).version;
