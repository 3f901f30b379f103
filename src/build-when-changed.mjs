// Compiles src into dist, unless nothing was written since that was last done.
import { spawnSync } from 'node:child_process';
import { readdirSync, statSync, utimesSync } from 'node:fs';

const BUILT = 'dist/.tsbuildinfo';

/** When a file, or anything in a folder, was last written, also by a copy that keeps its time. */
function writtenAt(path) {
  const stats = statSync(path);
  const below = stats.isDirectory() ? readdirSync(path).map((name) => `${path}/${name}`) : [];
  return Math.max(stats.mtimeMs, stats.ctimeMs, ...below.map(writtenAt));
}

const now = new Date();
const builtAt = statSync(BUILT, { throwIfNoEntry: false })?.mtimeMs ?? 0;
const sources = ['src', 'tsconfig.json', 'tsconfig.build.json', 'package-lock.json'];
if (Math.max(...sources.map(writtenAt)) >= builtAt) {
  const shell = process.platform === 'win32';
  const { status } = spawnSync('npm', ['run', '-s', 'build'], { stdio: 'inherit', shell });
  if (status === 0) utimesSync(BUILT, now, now);
  process.exitCode = status ?? 1;
}
