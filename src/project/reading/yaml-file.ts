import { isNode, LineCounter, parseDocument } from 'yaml';
import { BeltError } from '../../errors.js';
import type { ProjectFile } from './files.js';

/** A dictionary as YAML gives it. */
export type YamlMap = Readonly<Record<string, unknown>>;

/** Renders the Jinja in the values of a YAML file. Throws a BeltError with the entry's line. */
export type RenderYaml = (value: unknown, place: { file: string; line: number }) => unknown;

/** What a YAML file says, and on which lines. */
export interface YamlFile {
  readonly path: string;
  readonly value: YamlMap;
  /** The 1-based line at which an entry begins, such as `['models', 0]`. */
  lineOf(entry: readonly (string | number)[]): number;
}

/** Reads a YAML file. Throws a BeltError with its line if it is not YAML, or no dictionary. */
export function readYaml(file: Pick<ProjectFile, 'path' | 'text'>): YamlFile {
  const lineCounter = new LineCounter();
  const document = parseDocument(file.text, { lineCounter, prettyErrors: false });
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
  return {
    path: file.path,
    value,
    lineOf: (entry) => {
      const node = document.getIn(entry, true);
      const start = isNode(node) ? node.range?.[0] : undefined;
      return start === undefined ? 1 : lineCounter.linePos(start).line;
    },
  };
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

export function isMap(value: unknown): value is YamlMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The dictionaries of a list; what is of another form is left out. */
export function mapsOf(value: unknown): YamlMap[] {
  return Array.isArray(value) ? value.filter(isMap) : [];
}

export function mapOf(value: unknown): YamlMap {
  return isMap(value) ? value : {};
}

export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** A name or a list of names, as YAML lets people write either. */
export function namesOf(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return Array.isArray(value) ? value.filter((name) => typeof name === 'string') : [];
}
