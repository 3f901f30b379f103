import { SingleBar } from 'cli-progress';
import { shortNumber } from './format.js';

export type LogFormat = 'text' | 'json';

/** Where a command's words go: results to standard output, everything else to standard error. */
export interface Console {
  readonly format: LogFormat;
  /** Whether standard error is a terminal: then progress is a bar, and lines may be coloured. */
  readonly isTerminal: boolean;
  /** A line of the result. */
  print(text: string): void;
  /** A line about what happens; `event` is what machines get in its place. */
  log(text: string, event: Readonly<Record<string, unknown>>): void;
  /** A progress bar on a terminal; elsewhere nothing. */
  progress(label: string, unit: string): Progress;
}

interface Progress {
  update(done: number, total: number): void;
  stop(): void;
}

export function createConsole(format: LogFormat): Console {
  const isTerminal = process.stderr.isTTY === true && format === 'text';
  let bar: SingleBar | undefined;
  return {
    format,
    isTerminal,
    print(text) {
      process.stdout.write(`${text}\n`);
    },
    log(text, event) {
      bar?.stop();
      bar = undefined;
      process.stderr.write(
        format === 'json'
          ? `${JSON.stringify({ time: new Date().toISOString(), ...event })}\n`
          : `${text}\n`,
      );
    },
    progress(label, unit) {
      if (!isTerminal) return { update: () => undefined, stop: () => undefined };
      return {
        update(done, total) {
          if (total <= 0) return;
          if (bar === undefined) {
            bar = new SingleBar({
              format: `${label} {bar} {percentage}% | {rate} ${unit}/s | {eta_formatted} left`,
              hideCursor: true,
              clearOnComplete: true,
              stream: process.stderr,
              etaBuffer: 20,
            });
            bar.start(total, 0, { rate: '-', since: performance.now() });
          }
          const since = startOf(bar);
          const seconds = (performance.now() - since) / 1000;
          bar.update(done, { rate: shortNumber(seconds > 0 ? done / seconds : 0) });
        },
        stop() {
          bar?.stop();
          bar = undefined;
        },
      };
    },
  };
}

const STARTS = new WeakMap<SingleBar, number>();

function startOf(bar: SingleBar): number {
  const start = STARTS.get(bar) ?? performance.now();
  STARTS.set(bar, start);
  return start;
}
