import { spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

const CLI = fileURLToPath(new URL('../cli.js', import.meta.url));

/** Tells the most memory that the process ever held, in kB, when it ends. */
const TELL_MEMORY = `data:text/javascript,${encodeURIComponent(
  "import { writeSync } from 'node:fs'; process.on('exit', () => writeSync(3, String(process.resourceUsage().maxRSS)));",
)}`;

export interface BeltRun<T> {
  /** What it printed as JSON. */
  readonly summary: T;
  readonly peakMemoryMb: number;
}

/** Runs belt in a process of its own, as people do. */
export async function runBelt<T = unknown>(
  url: string,
  ...parameters: readonly string[]
): Promise<BeltRun<T>> {
  const child = spawn(
    process.execPath,
    ['--import', TELL_MEMORY, CLI, '--database-url', url, ...parameters, '--json'],
    { stdio: ['ignore', 'pipe', 'pipe', 'pipe'] },
  );
  const closed = new Promise<number | null>((done) => child.on('close', done));
  const [stdout, stderr, memory] = await Promise.all([
    text(child.stdout as Readable),
    text(child.stderr as Readable),
    text(child.stdio[3] as Readable),
  ]);
  const code = await closed;
  if (code !== 0) throw new Error(`belt ${parameters.join(' ')} ended with ${code}:\n${stderr}`);
  return { summary: JSON.parse(stdout) as T, peakMemoryMb: Number(memory) / 1024 };
}

/** The help of a command: it tells which options this belt has. */
export async function beltHelp(command: string): Promise<string> {
  const child = spawn(process.execPath, [CLI, command, '--help']);
  return text(child.stdout);
}
