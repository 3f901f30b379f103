import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';

/** A row of README's table: the rooms of src/ from those that use to those that are used. */
interface Row {
  /** What the row is called by others: its folder without src/ and slash. */
  readonly name: string;
  /** Paths as they stand in the table, such as `src/cli.ts` and `src/commands/`. */
  readonly paths: readonly string[];
  /** Folders in this one, each of which may use those after it. */
  readonly rooms: readonly string[];
  readonly uses: readonly string[];
}

interface Import {
  readonly from: string;
  readonly to: string;
}

/** Stands for all rows further down, in place of their names. */
const ALL_BELOW = 'everything below';

const FILES = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map((path) => join('src', path));
const IMPORTS = FILES.flatMap(importsOf);
const ROWS = architectureTable();

describe("README's table of the architecture", () => {
  test('has a row for each folder of src, and none for what is not there', () => {
    expect(FILES.filter((file) => rowOf(file) === undefined)).toEqual([]);
    expect(ROWS.flatMap(({ paths }) => paths).filter((path) => !isThere(path))).toEqual([]);
  });

  test('names what is further down the table, so that no arrow points back', () => {
    const wrong = ROWS.flatMap(({ name, uses }, index) => {
      const below = ROWS.slice(index + 1).map((row) => row.name);
      return uses
        .filter((used) => used !== ALL_BELOW && !below.includes(used))
        .map((used) => `${name} may depend on ${used}, which is not below it`);
    });
    expect(wrong).toEqual([]);
  });

  test('allows all imports between its folders', () => {
    const refused = IMPORTS.filter(({ from, to }) => !isAllowed(rowOf(from), rowOf(to)));
    expect(refused.map(arrow)).toEqual([]);
  });

  test('allows nothing that no import needs', () => {
    const needless = ROWS.flatMap((row) =>
      row.uses
        .filter(
          (used) =>
            used !== ALL_BELOW &&
            !IMPORTS.some(({ from, to }) => rowOf(from) === row && rowOf(to)?.name === used),
        )
        .map((used) => `${row.name} does not import ${used}`),
    );
    expect(needless).toEqual([]);
  });

  test('lists the rooms of a folder so that each uses only those after it', () => {
    const wrong = ROWS.flatMap(({ name, paths, rooms }) => {
      const there = roomsOf(paths);
      return [
        ...there
          .filter((room) => !rooms.includes(room))
          .map((room) => `not named: ${name}/${room}`),
        ...rooms
          .filter((room) => !there.includes(room))
          .map((room) => `not there: ${name}/${room}`),
      ];
    });
    expect(wrong).toEqual([]);
    const back = IMPORTS.filter(({ from, to }) => {
      const row = rowOf(from);
      if (row === undefined || row !== rowOf(to)) return false;
      const [using, used] = [from, to].map((file) => row.rooms.indexOf(roomOf(row, file)));
      return using !== -1 && used !== -1 && Number(using) > Number(used);
    });
    expect(back.map(arrow)).toEqual([]);
  });
});

test('one file alone knows the embedded engine', () => {
  const knowing = FILES.filter((file) => sourceOf(file).includes('/pglite'));
  expect(knowing).toEqual(['src/database/embedded/engine.ts']);
});

test("one room alone asks TimescaleDB's catalogues", () => {
  const asking = FILES.filter((file) =>
    /timescaledb_information|_timescaledb/.test(sourceOf(file)),
  );
  expect([...new Set(asking.map(dirname))].sort()).toEqual(['src/bench', 'src/run/catalog']);
});

test('no file imports itself by way of others', () => {
  const circles: string[] = [];
  const finished = new Set<string>();
  const follow = (file: string, way: readonly string[]) => {
    if (way.includes(file)) circles.push([...way.slice(way.indexOf(file)), file].join(' -> '));
    if (finished.has(file) || way.includes(file)) return;
    for (const { from, to } of IMPORTS) if (from === file) follow(to, [...way, file]);
    finished.add(file);
  };
  for (const file of FILES) follow(file, []);
  expect(circles).toEqual([]);
});

function sourceOf(file: string): string {
  return readFileSync(file, 'utf8');
}

function architectureTable(): Row[] {
  const section = readFileSync('README.md', 'utf8').split(/^## /m);
  const lines = section.find((text) => text.startsWith('Architecture'))?.split('\n') ?? [];
  return lines
    .filter((line) => /^\| *`src\//.test(line))
    .map((line) => {
      const [folder = '', holds = '', uses = ''] = line.slice(1).split('|');
      const paths = quoted(folder);
      return {
        name: paths.at(-1)?.replace(/^src\/|\/$/g, '') ?? '',
        paths,
        rooms: quoted(holds)
          .filter((text) => text.endsWith('/'))
          .map((text) => text.slice(0, -1)),
        uses: uses
          .split(',')
          .map((name) => name.trim())
          .filter((name) => name !== ''),
      };
    });
}

function quoted(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, text = '']) => text);
}

function importsOf(file: string): Import[] {
  const imports = readFileSync(file, 'utf8').matchAll(/\b(?:from|import)\s*\(?\s*'(\.[^']+)'/g);
  return [...imports].map(([, path = '']) => ({
    from: file,
    to: join(dirname(file), path).replace(/\.js$/, '.ts'),
  }));
}

function arrow({ from, to }: Import): string {
  return `${from} -> ${to}`;
}

/** The row whose path names a file best: by itself, by its folder, or by `src/*.ts`. */
function rowOf(file: string): Row | undefined {
  return (
    ROWS.find(({ paths }) => paths.includes(file)) ??
    ROWS.find(({ paths }) => paths.some((path) => path.endsWith('/') && file.startsWith(path))) ??
    ROWS.find(({ paths }) => paths.includes(`${dirname(file)}/*.ts`))
  );
}

function isAllowed(from: Row | undefined, to: Row | undefined): boolean {
  if (from === undefined || to === undefined || from === to || isForAll(to)) return true;
  return (
    from.uses.includes(to.name) ||
    (from.uses.includes(ALL_BELOW) && ROWS.indexOf(to) > ROWS.indexOf(from))
  );
}

/** The last row may be used by all others without being named. */
function isForAll(row: Row): boolean {
  return row === ROWS.at(-1);
}

function isThere(path: string): boolean {
  return path.endsWith('*.ts') ? existsSync(dirname(path)) : existsSync(path);
}

function roomsOf(paths: readonly string[]): string[] {
  return paths
    .filter((path) => path.endsWith('/'))
    .flatMap((path) => readdirSync(path, { withFileTypes: true }))
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
}

/** The room of a file in its row's folder; '' for a file of the folder itself. */
function roomOf(row: Row, file: string): string {
  const folder = row.paths.find((path) => path.endsWith('/') && file.startsWith(path)) ?? '';
  return dirname(file).slice(folder.length);
}
