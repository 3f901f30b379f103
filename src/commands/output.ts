import { visible } from '../format.js';

/** Writes to standard output; control characters, but for line ends and tabs, as they are escaped in JSON. */
export function writeOut(text: string): void {
  process.stdout.write(visible(text));
}

/** Writes to standard error, as writeOut() does to standard output. */
export function writeErr(text: string): void {
  process.stderr.write(visible(text));
}

/** Writes data as they are, for a file or a program to take up; a terminal is spared control characters. */
export function writeData(text: string): void {
  if (process.stdout.isTTY) writeOut(text);
  else process.stdout.write(text);
}

/**
 * Lets the work go on where nobody takes its output: a reader that has seen enough, such as head, is
 * no fault; a full disk is one, which is told once.
 */
export function watchOutput(): void {
  let told = false;
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE' || told) return;
      told = true;
      const name = stream === process.stdout ? 'Standard output' : 'Standard error';
      writeErr(`Error: ${name} cannot be written: ${error.message}\n  What it tells is lost.\n`);
      process.on('exit', (code) => {
        if (code === 0) process.exitCode = 1;
      });
    });
  }
}
