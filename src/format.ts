/** A number for people: 1234567 becomes 1.2 M. */
export function shortNumber(value: number): string {
  if (value >= 1e9) return `${(value / 1e9).toFixed(1)} G`;
  if (value >= 1e6) return `${(value / 1e6).toFixed(1)} M`;
  if (value >= 1e4) return `${(value / 1e3).toFixed(0)} k`;
  return value.toFixed(value >= 100 || Number.isInteger(value) ? 0 : 1);
}

/** A size for people, in powers of 1024. */
export function bytesText(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let size = bytes;
  let unit = 0;
  while (size >= 1024 && unit < units.length - 1) {
    size /= 1024;
    unit++;
  }
  return `${unit === 0 ? size : size.toFixed(size >= 100 ? 0 : 1)} ${units[unit]}`;
}

// C0 but for tab and line feed, DEL and C1, line separators, and what turns the direction of text
const CONTROLS =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it is about
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** A text without control characters that a terminal would act upon: each as JSON escapes it. */
export function visible(text: string): string {
  return text.replace(CONTROLS, escaped);
}

/** A text from outside, such as a path, that cannot be taken for more than a part of a line. */
export function oneLine(text: string): string {
  return visible(text).replace(/[\n\t]/g, escaped);
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

export function secondsText(seconds: number): string {
  return seconds >= 100 ? `${seconds.toFixed(0)} s` : `${seconds.toFixed(2)} s`;
}

export function countText(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString('en-US')} ${count === 1 ? one : many}`;
}

/** How a table for people is laid out: its head, and its rows below it. */
export interface TableLayout {
  /** The names of the columns, and a line below them. */
  readonly head: string;
  line(cells: readonly string[]): string;
}

/** Lays out a table by its first rows: columns as wide as these need, numbers to the right. */
export function tableLayout(
  names: readonly string[],
  rows: readonly (readonly string[])[],
): TableLayout {
  const columns = names.map((name, column) => {
    const cells = rows.map((row) => oneLine(row[column] ?? ''));
    return {
      width: Math.max(name.length, ...cells.map((cell) => cell.length)),
      isNumeric: cells.length > 0 && cells.every((cell) => NUMBER_OR_NONE.test(cell)),
    };
  });
  const line = (cells: readonly string[]) =>
    columns
      .map(({ width, isNumeric }, column) => {
        const cell = oneLine(cells[column] ?? '');
        return isNumeric ? cell.padStart(width) : cell.padEnd(width);
      })
      .join('  ')
      .trimEnd();
  const rule = columns.map(({ width }) => '-'.repeat(width)).join('  ');
  return { head: `${line(names)}\n${rule}`, line };
}

const NUMBER_OR_NONE = /^(-?[\d.,]+(e[+-]?\d+)?( ?(%|[kMGT]?B|s))?|)$/;

/** A table for people: columns aligned, numbers to the right. */
export function textTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const { head, line } = tableLayout(header, rows);
  return [head, ...rows.map(line)].join('\n');
}
