import { isNode, isScalar, isMap as isYamlMap, LineCounter, parseDocument } from 'yaml';
import { BeltError } from '../../errors.js';
import type { ProjectFile } from './files.js';

/** A dictionary as YAML gives it. */
export type YamlMap = Readonly<Record<string, unknown>>;

export function isMap(value: unknown): value is YamlMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Where a value stands in a file: keys and indexes from the root. */
export type Path = readonly (string | number)[];

/** Renders the Jinja in the values of a YAML file. Throws a BeltError with the entry's line. */
export type RenderYaml = (value: unknown, place: { file: string; line: number }) => unknown;

/** A place in a YAML file: where an entry begins. */
export interface YamlPlace {
  /** The file. */
  readonly path: string;
  readonly line: number;
  /** The line of a key or entry below it, such as `['columns', 0]`, or of what holds that. */
  lineOf(below: Path): number;
  /** The place of an entry below it. */
  at(below: Path): YamlPlace;
  /** A fault here, or below. */
  fault(message: string, hint: string, below?: Path): BeltError;
}

/** What a YAML file says, with the places of it. */
export interface YamlFile extends YamlPlace {
  readonly value: YamlMap;
}

/** Reads a YAML file. Throws a BeltError with its line if it is not YAML, or no dictionary. */
export function readYaml(file: Pick<ProjectFile, 'path' | 'text'>): YamlFile {
  const lineCounter = new LineCounter();
  const document = parseDocument(file.text, { lineCounter, prettyErrors: false, merge: true });
  const [error] = document.errors;
  if (error !== undefined) {
    throw new BeltError(`This is not valid YAML: ${error.message}`, {
      location: { file: file.path, line: lineCounter.linePos(error.pos[0]).line },
      hint: 'Correct the line; YAML is particular about indentation and colons, and {{ needs quotes.',
    });
  }
  const value: unknown = plainValue(() => document.toJS() as unknown, file.path) ?? {};
  if (!isMap(value)) {
    throw new BeltError('A YAML file of the project must be a dictionary.', {
      location: { file: file.path, line: 1 },
      hint: 'Begin it with keys such as models:, sources: or seeds:.',
    });
  }
  const lineAt = (path: Path): number => {
    const holder: unknown = path.length === 0 ? undefined : document.getIn(path.slice(0, -1), true);
    const pair = isYamlMap(holder)
      ? holder.items.find(({ key }) => isScalar(key) && key.value === path.at(-1))
      : undefined;
    const node = pair?.key ?? document.getIn(path, true);
    const start = isNode(node) ? node.range?.[0] : undefined;
    if (start !== undefined) return lineCounter.linePos(start).line;
    return path.length === 0 ? 1 : lineAt(path.slice(0, -1));
  };
  const placeAt = (base: Path): YamlPlace => ({
    path: file.path,
    line: lineAt(base),
    lineOf: (below) => lineAt([...base, ...below]),
    at: (below) => placeAt([...base, ...below]),
    fault: (message, hint, below = []) => {
      const location = { file: file.path, line: lineAt([...base, ...below]) };
      return new BeltError(message, { location, hint });
    },
  });
  return { value, ...placeAt([]) };
}

/** Aliases that lead nowhere, or too far, only show when the values are made. */
function plainValue(make: () => unknown, path: string): unknown {
  try {
    return make();
  } catch (cause) {
    throw new BeltError(`This is not valid YAML: ${(cause as Error).message}`, {
      location: { file: path, line: 1 },
      hint: 'Correct the anchors (&name) and aliases (*name).',
      cause,
    });
  }
}
