import {
  closeSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { BeltError, UsageError } from '../errors.js';
import { Chance } from './chance.js';
import { deviceResponses, type SimulatedTime } from './device-responses.js';
import { type FaultCounts, type FaultRates, noFaults } from './faults.js';
import { fleetSite, type SeriesChoice } from './fleet.js';
import { ResponseText } from './response-text.js';
import type { Site } from './site.js';
import { TRUTH_HEADER, truthLine } from './truth.js';

export interface SimulateOptions extends SimulatedTime {
  readonly devices: number;
  readonly seed: string;
  /** Does not exist yet, or is empty. */
  readonly folder: string;
  readonly series: SeriesChoice;
  readonly faults: FaultRates;
  readonly truthFile?: string | undefined;
  readonly signal: AbortSignal;
}

export interface SimulateSummary {
  readonly folder: string;
  readonly truthFile: string | undefined;
  readonly devices: number;
  readonly pages: number;
  readonly responses: number;
  /** Readings of all responses, were they whole. */
  readonly readings: number;
  readonly bytes: number;
  readonly seconds: number;
  readonly faults: FaultCounts;
}

interface SimulateProgress {
  readonly devices: number;
  readonly instants: number;
  readonly totalInstants: number;
  readonly readings: number;
}

const ASSETS_A_PAGE = 100;

/** How long the process may be deaf to signals. */
const TURN_MS = 50;

/** Writes a fleet's responses. They stand in `folder` when all are written, or not at all. */
export async function simulate(
  options: SimulateOptions,
  onProgress: (progress: SimulateProgress) => void,
): Promise<SimulateSummary> {
  const folder = resolve(options.folder);
  refuseUsed(options.folder, folder);
  mkdirSync(dirname(folder), { recursive: true });
  const partial = mkdtempSync(join(dirname(folder), `.${basename(folder)}.partial-`));
  try {
    const partialTruth = join(partial, 'truth.csv');
    const responses = join(partial, 'responses');
    const summary = await writeFleet(options, responses, partialTruth, onProgress);
    rmSync(folder, { recursive: true, force: true });
    renameSync(responses, folder);
    if (options.truthFile !== undefined) moveTo(partialTruth, resolve(options.truthFile));
    return summary;
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
}

async function writeFleet(
  options: SimulateOptions,
  folder: string,
  truthFile: string,
  onProgress: (progress: SimulateProgress) => void,
): Promise<SimulateSummary> {
  const { devices, seed, signal, fromMs, toMs, cadenceMs } = options;
  const start = performance.now();
  const counts = noFaults();
  const writer = new ResponseText();
  const instants = Math.ceil((toMs - fromMs) / cadenceMs);
  const pages = writeAssets(options, join(folder, 'assets'), counts);
  const truth = openSync(truthFile, 'w');
  let responses = 0;
  let readings = 0;
  let bytes = 0;
  let turnMs = performance.now();
  try {
    writeSync(truth, TRUTH_HEADER);
    for (let index = 0; index < devices; index++) {
      const site = fleetSite(seed, index, fromMs, options.series);
      const ownFolder = join(folder, 'telemetry', site.deviceId);
      mkdirSync(ownFolder, { recursive: true });
      let lines = '';
      const own = deviceResponses(site, options, seed, options.faults, counts, writer, (day) => {
        lines += truthLine(site, day);
      });
      for (const response of own) {
        writeFileSync(join(ownFolder, `${timeText(response.atMs)}.json`), response.text);
        responses++;
        readings += response.readings;
        bytes += response.text.length;
        if (performance.now() - turnMs < TURN_MS) continue;
        const done = Math.min(instants, (response.atMs - fromMs) / cadenceMs);
        onProgress({
          devices: index,
          instants: index * instants + done,
          totalInstants: devices * instants,
          readings,
        });
        await nextTurn();
        turnMs = performance.now();
        if (signal.aborted) throw new BeltError('Interrupted: nothing was written.');
      }
      if (options.truthFile !== undefined) writeSync(truth, lines);
    }
  } finally {
    closeSync(truth);
  }
  return {
    folder: options.folder,
    truthFile: options.truthFile,
    devices,
    pages,
    responses,
    readings,
    bytes,
    seconds: (performance.now() - start) / 1000,
    faults: counts,
  };
}

/** Writes the pages of assets, and gives how many they are. */
function writeAssets(options: SimulateOptions, folder: string, counts: FaultCounts): number {
  const { devices, seed, fromMs, series, faults } = options;
  mkdirSync(folder, { recursive: true });
  const isListed = (index: number) =>
    !new Chance(faults.unlisted, `${seed} unlisted ${index}`).happens();
  const listed: number[] = [];
  for (let index = 0; index < devices; index++) if (isListed(index)) listed.push(index);
  counts.unlisted = devices - listed.length;
  const pages = Math.max(1, Math.ceil(listed.length / ASSETS_A_PAGE));
  for (let page = 0; page < pages; page++) {
    const items = listed
      .slice(page * ASSETS_A_PAGE, (page + 1) * ASSETS_A_PAGE)
      .map((index) => assetOf(fleetSite(seed, index, fromMs, series)));
    const file = join(folder, `${String(page + 1).padStart(4, '0')}.json`);
    writeFileSync(file, JSON.stringify({ totalCount: listed.length, items }));
  }
  return pages;
}

export function assetOf({ deviceId, name, state }: Site) {
  return { deviceId, description: name, state };
}

function refuseUsed(named: string, folder: string): void {
  const stats = statSync(folder, { throwIfNoEntry: false });
  if (stats === undefined) return;
  if (stats.isDirectory() && readdirSync(folder).length === 0) return;
  throw new UsageError(`${named} ${stats.isDirectory() ? 'is not empty' : 'is a file'}.`, {
    hint: 'Name a new folder with --out, or empty this one first.',
  });
}

/** Moves a file, also to another disk. */
function moveTo(file: string, target: string): void {
  mkdirSync(dirname(target), { recursive: true });
  try {
    renameSync(file, target);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error;
    copyFileSync(file, target);
  }
}

/** `20250206T140000Z`, which sorts as time does. */
function timeText(atMs: number): string {
  return new Date(atMs).toISOString().replace(/\.\d+|[-:]/g, '');
}
