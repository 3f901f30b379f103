import { type Command, InvalidArgumentError, Option } from 'commander';
import { UsageError } from '../errors.js';
import { bytesText, countText, secondsText, shortNumber } from '../format.js';
import {
  FAULT_NAMES,
  FAULTS,
  type FaultRates,
  NO_FAULTS,
  parseFaults,
} from '../simulator/faults.js';
import type { SeriesChoice } from '../simulator/fleet.js';
import { type SimulateSummary, simulate } from '../simulator/simulate.js';
import { type Console, createConsole } from './console.js';
import { parseDuration } from './durations.js';
import { writeOut } from './output.js';
import { type GlobalOptions, watchInterruption } from './scope.js';

interface SimulateCommandOptions extends GlobalOptions {
  readonly devices: number;
  readonly from: number;
  readonly to: number;
  readonly cadence: number;
  readonly chunk: number;
  readonly seed: string;
  readonly out: string;
  readonly series: SeriesChoice;
  readonly faults: FaultRates;
  readonly truth?: string;
  readonly json: boolean;
}

const HOUR_MS = 3_600_000;

const MOST_DEVICES = 1_000_000;

/** Times that a response may hold: it is built in memory. */
const MOST_INSTANTS = 100_000;

/** Times of 13 digits in milliseconds, and of 10 in seconds. */
const EARLIEST_MS = Date.UTC(2002, 0);
const LATEST_MS = Date.UTC(2286, 0);

/** How often a line tells of progress where there is no terminal. */
const LINE_MS = 5000;

export function addSimulateCommand(program: Command): void {
  program
    .command('simulate')
    .description(
      "write the vendor's responses of a simulated fleet, the same bytes for the same seed",
    )
    .addOption(
      new Option('--devices <n>', 'how many devices').argParser(parseCount).makeOptionMandatory(),
    )
    .addOption(
      new Option('--from <time>', 'first reading, such as 2025-02-06 or 2025-02-06T14:00:00Z')
        .argParser(parseTime)
        .makeOptionMandatory(),
    )
    .addOption(
      new Option('--to <time>', 'readings are before this time')
        .argParser(parseTime)
        .makeOptionMandatory(),
    )
    .addOption(new Option('--out <dir>', 'a new or empty folder').makeOptionMandatory())
    .addOption(
      new Option('--cadence <time>', 'from one reading to the next: 4s, 1m, 1h')
        .argParser(parseStep)
        .default(4000, '4s'),
    )
    .addOption(
      new Option('--chunk <time>', 'what one response holds: 15m, 1h, 1d')
        .argParser(parseStep)
        .default(HOUR_MS, '1h'),
    )
    .addOption(new Option('--seed <text>', 'another seed is another fleet').default('belt'))
    .addOption(
      new Option('--series <which>', 'the series that devices report: subsets, or all 14')
        .choices(['mixed', 'all'])
        .default('mixed'),
    )
    .addOption(
      new Option('--faults <rates>', `such as overlap=0.05,late=0.01; see below`)
        .argParser(parseFaults)
        .default(NO_FAULTS, 'none'),
    )
    .addOption(
      new Option(
        '--truth <file>',
        'write the true capacity, cycles and efficiency of each device and day as CSV',
      ),
    )
    .addOption(new Option('--json', 'print the summary as JSON').default(false))
    .addHelpText('after', faultsHelp())
    .action(async (_options, command: Command) => {
      const options = command.optsWithGlobals<SimulateCommandOptions>();
      checkTime(options);
      const console = createConsole(options.logFormat);
      const summary = await simulateWithProgress(console, options);
      writeOut(`${options.json ? JSON.stringify(summary) : simulateText(summary)}\n`);
    });
}

async function simulateWithProgress(
  console: Console,
  options: SimulateCommandOptions,
): Promise<SimulateSummary> {
  const interruption = watchInterruption(console);
  const bar = console.progress('Simulating', 'instants');
  const started = performance.now();
  let lineMs = started;
  try {
    return await simulate(
      {
        devices: options.devices,
        fromMs: options.from,
        toMs: options.to,
        cadenceMs: options.cadence,
        chunkMs: options.chunk,
        seed: options.seed,
        folder: options.out,
        series: options.series,
        faults: options.faults,
        truthFile: options.truth,
        signal: interruption.signal,
      },
      ({ devices, instants, totalInstants, readings }) => {
        bar.update(instants, totalInstants);
        if (console.isTerminal || console.format === 'json') return;
        if (performance.now() - lineMs < LINE_MS) return;
        lineMs = performance.now();
        const rate = readings / ((lineMs - started) / 1000);
        console.log(
          `Simulated ${devices} of ${countText(options.devices, 'device')}, ${shortNumber(readings)} readings, ${shortNumber(rate)} readings/s`,
          { event: 'progress', devices, readings },
        );
      },
    );
  } finally {
    bar.stop();
    interruption.end();
  }
}

function simulateText(summary: SimulateSummary): string {
  const { devices, responses, readings, bytes, seconds, faults, truthFile } = summary;
  const rate = seconds > 0 ? `, ${shortNumber(readings / seconds)} readings/s` : '';
  const lines = [
    `Simulated ${countText(devices, 'device')}: ${countText(responses, 'response')} (${countText(readings, 'reading')}, ${bytesText(bytes)}) in ${summary.folder} in ${secondsText(seconds)}${rate}.`,
  ];
  const put = FAULT_NAMES.filter((name) => faults[name] > 0);
  if (put.length > 0)
    lines.push(`Faults: ${put.map((name) => `${name} ${faults[name]}`).join(', ')}.`);
  if (truthFile !== undefined) lines.push(`The truth is in ${truthFile}.`);
  return lines.join('\n');
}

function faultsHelp(): string {
  const width = Math.max(...FAULT_NAMES.map((name) => name.length));
  const lines = FAULT_NAMES.map((name) => `  ${name.padEnd(width)}  ${FAULTS[name]}`);
  return `\nFaults, each with a rate from 0 to 1 of:\n${lines.join('\n')}\n`;
}

function checkTime({ from, to, cadence, chunk }: SimulateCommandOptions): void {
  if (to <= from) {
    throw new UsageError('--to is not after --from.', {
      hint: 'Readings are from --from to before --to.',
    });
  }
  if (cadence > HOUR_MS) {
    throw new UsageError('--cadence is more than an hour.', {
      hint: 'The physics take steps of a cadence; 15m is coarse already.',
    });
  }
  if (chunk % cadence !== 0) {
    throw new UsageError('--chunk is no whole number of cadences.', {
      hint: 'For example --cadence 4s --chunk 1h.',
    });
  }
  if (chunk / cadence > MOST_INSTANTS) {
    throw new UsageError(
      `--chunk holds ${countText(chunk / cadence, 'reading')} of each series; the most is ${MOST_INSTANTS.toLocaleString('en-US')}.`,
      { hint: 'Take a shorter --chunk or a longer --cadence.' },
    );
  }
}

function parseCount(text: string): number {
  const count = Number(text);
  if (!/^\d+$/.test(text) || count < 1 || count > MOST_DEVICES) {
    throw new InvalidArgumentError(
      `It is a whole number from 1 to ${MOST_DEVICES.toLocaleString('en-US')}.`,
    );
  }
  return count;
}

const TIME = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2})?(Z|[+-]\d{2}:\d{2})?)?$/;

/** ISO 8601; without a zone it is UTC. */
function parseTime(text: string): number {
  const zoned = /T.*(Z|[+-]\d{2}:\d{2})$/.test(text) || !text.includes('T') ? text : `${text}Z`;
  const atMs = TIME.test(text) ? Date.parse(zoned) : Number.NaN;
  if (Number.isNaN(atMs) || atMs < EARLIEST_MS || atMs > LATEST_MS) {
    throw new InvalidArgumentError(
      'It is a time from 2002 on, such as 2025-02-06 or 2025-02-06T14:00:00Z.',
    );
  }
  return atMs;
}

function parseStep(text: string): number {
  const wanted = 'It is whole seconds, minutes, hours or days, such as 4s, 15m, 1h, 1d.';
  return parseDuration(text, ['s', 'm', 'h', 'd'], wanted, { atLeast: 1 });
}
