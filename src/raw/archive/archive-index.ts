import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';
import { BeltError } from '../../errors.js';

/** The file that makes a folder an archive. */
const MARKER = 'belt-archive.json';
const FORMAT = { format: 'belt raw archive', version: 1 } as const;

const INDEX_END = '.index.jsonl.br';
export const DATA_END = '.jsonl.br';

/** A batch as `raw.batch` and `raw.batch_content` have it, keys being columns. */
export interface ArchivedBatch {
  readonly batch: Readonly<Record<string, unknown>> & { readonly batch_id: number };
  readonly contents: readonly Readonly<Record<string, unknown>>[];
  /** Responses of it in the file. */
  readonly documents: number;
}

/** The first line of an index: what its file of responses holds. The others are a response each. */
export interface ArchiveIndex {
  readonly format: string;
  readonly version: number;
  /** Path of the file of responses, below the archive. */
  readonly file: string;
  /** The raw table, without its schema. */
  readonly resource: string;
  /** The day (UTC) of landing. */
  readonly landed_on: string;
  readonly documents: number;
  readonly readings: number;
  /** Size of the file, and its SHA-256 in hex. */
  readonly bytes: number;
  readonly sha256: string;
  readonly batches: readonly ArchivedBatch[];
}

export function newIndex(index: Omit<ArchiveIndex, 'format' | 'version'>): ArchiveIndex {
  return { ...FORMAT, ...index };
}

export function markerText(): string {
  return `${JSON.stringify(FORMAT)}\n`;
}

export function markerOf(folder: string): string {
  return join(folder, MARKER);
}

/** Whether a folder is an archive of raw. Throws a BeltError for one of another version. */
export function isArchive(folder: string): boolean {
  const marker = markerOf(folder);
  if (!existsSync(marker)) return false;
  const { version } = readJson(marker, readFileSync(marker, 'utf8')) as { version?: unknown };
  if (version === FORMAT.version) return true;
  throw new BeltError(
    `${folder} is an archive of version ${version}, which this belt can't read.`,
    {
      location: { file: marker },
      hint: 'Use the belt that wrote it, or a newer one.',
    },
  );
}

/** Path of the index of a file of responses, both below the archive. */
export function indexOf(file: string): string {
  return `${file.slice(0, -DATA_END.length)}${INDEX_END}`;
}

/** The indexes of an archive by day of landing: without its index, a file was never finished. */
export function readIndexes(folder: string): ArchiveIndex[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith(INDEX_END))
    .map((path) => readIndex(join(folder, path)))
    .sort((a, b) => (`${a.landed_on} ${a.file}` < `${b.landed_on} ${b.file}` ? -1 : 1));
}

/** Whether a file is named as an index is. */
export function isIndex(path: string): boolean {
  return path.endsWith(INDEX_END);
}

/** Reads what an index says of its file. */
export function readIndex(path: string): ArchiveIndex {
  let text: string;
  try {
    text = brotliDecompressSync(readFileSync(path)).toString('utf8');
  } catch (error) {
    throw new BeltError(`The index ${path} can't be read: ${(error as Error).message}.`, {
      location: { file: path },
      hint: 'Bring the file back from a copy of the archive.',
    });
  }
  return readJson(path, text.slice(0, text.indexOf('\n'))) as ArchiveIndex;
}

function readJson(file: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new BeltError(`${file} is no JSON: ${(error as Error).message}.`, {
      location: { file },
      hint: 'Bring the file back from a copy of the archive.',
    });
  }
}
