import { parse } from 'csv-parse/sync';
import { BeltError } from '../../errors.js';
import type { SeedRow } from '../nodes.js';
import type { ProjectFile } from './files.js';

/**
 * Reads CSV with a header, of a seed or a fixture, and the line on which each row begins. Throws a
 * BeltError with the line of a row of another length.
 */
export function readCsv(
  { path, text }: Pick<ProjectFile, 'path' | 'text'>,
  what: 'seed' | 'fixture',
  options: { readonly delimiter?: string; readonly trim?: boolean } = {},
): { header: string[]; rows: SeedRow[]; lines: number[] } {
  const wrong = (line: number, message: string, hint: string, cause?: unknown) =>
    new BeltError(`This ${what} ${message}`, { location: { file: path, line }, hint, cause });
  const lines: number[] = [];
  const [header = [], ...records] = recordsOf();
  const named = header.find((name, index) => name.trim() === '' || header.indexOf(name) !== index);
  if (header.length === 0 || named !== undefined) {
    const told =
      named === undefined
        ? 'is empty.'
        : named.trim() === ''
          ? 'has a column without a name.'
          : `has two columns of the name ${named}.`;
    throw wrong(1, told, 'The first line names the columns, each differently.');
  }
  // as dbt reads them: in a seed, nothing and `null` are NULL, in a fixture nothing is
  const isNull = (text: string | undefined) =>
    what === 'seed' ? /^\s*(null)?\s*$/i.test(text ?? '') : !text;
  const cellOf = (text: string | undefined) => (isNull(text) ? null : (text ?? null));
  const rows = records.map((record) =>
    Object.fromEntries(header.map((name, index) => [name, cellOf(record[index])])),
  );
  return { header, rows, lines: lines.slice(1) };

  function recordsOf(): string[][] {
    const noteLine = (record: string[], info: { readonly lines: number }) => {
      lines.push(info.lines - breaksIn(record));
      return record;
    };
    try {
      return parse(text, { bom: true, skip_empty_lines: true, on_record: noteLine, ...options });
    } catch (cause) {
      const { message, lines } = cause as { message: string; lines?: number };
      const hint =
        'Give every row as many fields as the header has; put fields with commas in quotes.';
      throw wrong(lines ?? 1, `cannot be read: ${message}`, hint, cause);
    }
  }
}

/** Line breaks in quotes, as csv-parse counts them. */
function breaksIn(record: readonly string[]): number {
  return record.join('').match(/[\r\n]/g)?.length ?? 0;
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
