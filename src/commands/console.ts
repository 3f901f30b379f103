import { SingleBar } from 'cli-progress';
import { shortNumber } from '../format.js';
import { writeErr, writeOut } from './output.js';

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
  /** A progress bar on a terminal, events for machines, and else nothing. */
  progress(label: string, unit: string): Progress;
}

interface Progress {
  update(done: number, total: number): void;
  stop(): void;
}

export function createConsole(format: LogFormat): Console {
  const isTerminal = process.stderr.isTTY === true && format === 'text';
  let bar: SingleBar | undefined;
  const console: Console = {
    format,
    isTerminal,
    print(text) {
      writeOut(`${text}\n`);
    },
    log(text, event) {
      bar?.stop();
      bar = undefined;
      writeErr(
        format === 'json'
          ? `${JSON.stringify({ time: new Date().toISOString(), ...event })}\n`
          : `${text}\n`,
      );
    },
    progress(label, unit) {
      if (format === 'json') return progressEvents(console, label, unit);
      if (!isTerminal) return { update: () => undefined, stop: () => undefined };
      let first: { readonly at: number; readonly done: number } | undefined;
      return {
        update(done, total) {
          if (total <= 0) return;
          const now = performance.now();
          first ??= { at: now, done };
          const rate = now > first.at ? ((done - first.done) * 1000) / (now - first.at) : 0;
          // a line that was logged has ended the bar: it goes on below
          bar ??= startBar(label, unit, total);
          bar.update(done, { rate: shortNumber(rate) });
        },
        stop() {
          bar?.stop();
          bar = undefined;
        },
      };
    },
  };
  return console;
}

/** Milliseconds from one event of progress to the next. */
const EVENT_MS = 1000;

/** Tells machines at once that something is done, and then at most once a second. */
function progressEvents(console: Console, label: string, unit: string): Progress {
  let toldAt = Number.NEGATIVE_INFINITY;
  return {
    update(done, total) {
      const now = performance.now();
      if (done === 0 || now - toldAt < EVENT_MS) return;
      toldAt = now;
      console.log('', { event: 'progress', label, unit, done, total });
    },
    stop() {
      toldAt = Number.NEGATIVE_INFINITY;
    },
  };
}

function startBar(label: string, unit: string, total: number): SingleBar {
  const bar = new SingleBar({
    format: `${label} {bar} {percentage}% | {rate} ${unit}/s | {eta_formatted} left`,
    hideCursor: true,
    clearOnComplete: true,
    stream: process.stderr,
    etaBuffer: 20,
  });
  bar.start(total, 0, { rate: '-' });
  return bar;
}
