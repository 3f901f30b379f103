import { parse } from 'csv-parse/sync';
import { BeltError } from '../../errors.js';
import type { SeedRow } from '../nodes.js';
import type { ProjectFile } from './files.js';

/** Reads a seed with a header. Throws a BeltError with the line of a row of another length. */
export function readSeed(
  file: ProjectFile,
  delimiter: string,
): { header: string[]; rows: SeedRow[]; lines: number[] } {
  const {
    records: [header = [], ...records],
    lines: [, ...lines],
  } = recordsOf(file, delimiter);
  checkHeader(file, header);
  const rows = records.map((record) =>
    Object.fromEntries(header.map((name, index) => [name, record[index] || null])),
  );
  return { header, rows, lines };
}

/** The records of a seed, its header among them, and the line on which each begins. */
function recordsOf(file: ProjectFile, delimiter: string): { records: string[][]; lines: number[] } {
  const lines: number[] = [];
  const noteLine = (record: string[], info: { readonly lines: number }) => {
    lines.push(info.lines - breaksIn(record));
    return record;
  };
  try {
    const options = { bom: true, delimiter, skip_empty_lines: true, on_record: noteLine };
    return { records: parse(file.text, options), lines };
  } catch (cause) {
    const { message, lines } = cause as { message: string; lines?: number };
    throw new BeltError(`This seed cannot be read: ${message}`, {
      location: { file: file.path, line: lines ?? 1 },
      hint: 'Give every row as many fields as the header has; put fields with commas in quotes.',
      cause,
    });
  }
}

/** Line breaks in quotes, as csv-parse counts them. */
function breaksIn(record: readonly string[]): number {
  return record.join('').match(/[\r\n]/g)?.length ?? 0;
}

function checkHeader(file: ProjectFile, header: readonly string[]): void {
  const wrong = header.find((name, index) => name.trim() === '' || header.indexOf(name) !== index);
  if (header.length > 0 && wrong === undefined) return;
  const what =
    wrong === undefined
      ? 'This seed is empty.'
      : wrong.trim() === ''
        ? 'A column of this seed has no name.'
        : `This seed has two columns of the name ${wrong}.`;
  throw new BeltError(what, {
    location: { file: file.path, line: 1 },
    hint: 'The first line names the columns, each differently.',
  });
}

/** The type of a seed's column that holds all of its values, as dbt infers it. */
export function inferColumnType(values: readonly (string | null)[]): string {
  const present = values.filter((value) => value !== null);
  if (present.length === 0) return 'text';
  if (present.every((value) => /^(true|false)$/i.test(value))) return 'boolean';
  if (present.every((value) => /^[+-]?\d{1,18}$/.test(value))) {
    return present.every((value) => Math.abs(Number(value)) <= 2_147_483_647)
      ? 'integer'
      : 'bigint';
  }
  if (present.every((value) => /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(value))) {
    return 'double precision';
  }
  if (present.every((value) => /^\d{4}-\d{2}-\d{2}$/.test(value))) return 'date';
  if (present.every((value) => /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?$/.test(value))) {
    return 'timestamp without time zone';
  }
  return 'text';
}
