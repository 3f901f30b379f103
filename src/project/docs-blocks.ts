import { BeltError } from '../errors.js';
import { nearest } from './faults.js';
import type { ProjectFile } from './files.js';

const BLOCK = /\{%-?\s*docs\s+(\w+)\s*-?%\}([\s\S]*?)\{%-?\s*enddocs\s*-?%\}/g;
const CALL = /\{\{\s*doc\(\s*(?:["'][\w.]+["']\s*,\s*)?["'](\w+)["']\s*\)\s*\}\}/g;

/** The `{% docs name %}` blocks of Markdown files, by name. */
export function docsBlocks(files: readonly ProjectFile[]): Map<string, string> {
  return new Map(
    files.flatMap(({ text }) =>
      [...text.matchAll(BLOCK)].map(([, name = '', body = '']) => [name, body.trim()] as const),
    ),
  );
}

/** A description with `{{ doc('name') }}` filled in. Throws a BeltError for an unknown name. */
export function withDocs(
  description: string,
  blocks: ReadonlyMap<string, string>,
  place: { file: string; line: number },
): string {
  return description.replace(CALL, (_, name: string) => {
    const text = blocks.get(name);
    if (text !== undefined) return text;
    const near = nearest(name, blocks.keys());
    throw new BeltError(
      `There is no docs block ${name}${near === undefined ? '' : ` (did you mean ${near}?)`}.`,
      { location: place, hint: 'Write it in a .md file: {% docs name %} … {% enddocs %}.' },
    );
  });
}
