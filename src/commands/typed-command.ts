import { basename, dirname, join, sep } from 'node:path';

const IN_PACKAGES = `${sep}node_modules${sep}`;
const FETCHED = `${sep}_npx${sep}`;

/** What one types to run belt, as it was run: from a clone, a project's packages, or the PATH. */
export function typedCommand(script = process.argv[1] ?? ''): string {
  if (script.includes(FETCHED)) return 'npx battery-belt';
  if (dirname(script).endsWith(join('node_modules', '.bin'))) return 'npx belt';
  if (basename(script) !== 'cli.js') return 'belt';
  return script.includes(IN_PACKAGES) ? 'npx belt' : 'npm run -s belt --';
}
