import { didYouMean } from '../../did-you-mean.js';
import { BeltError } from '../../errors.js';
import type { ProjectFile } from './files.js';

const BLOCK = /\{%-?\s*docs\s+(\w+)\s*-?%\}([\s\S]*?)\{%-?\s*enddocs\s*-?%\}/g;
const CALL = /\{\{\s*doc\(\s*(?:["'][\w.]+["']\s*,\s*)?["'](\w+)["']\s*\)\s*\}\}/g;

/** A `{% docs name %}` block, and the Markdown file that it is in. */
export interface DocsBlock {
  readonly name: string;
  readonly path: string;
  readonly line: number;
  readonly pathBelowRoot: string;
  readonly text: string;
}

/** The `{% docs name %}` blocks of Markdown files. */
export function docsBlocks(files: readonly ProjectFile[]): DocsBlock[] {
  return files.flatMap(({ path, pathBelowRoot, text }) =>
    [...text.matchAll(BLOCK)].map(({ index, 1: name = '', 2: body = '' }) => {
      const line = text.slice(0, index).split('\n').length;
      return { name, path, line, pathBelowRoot, text: body.trim() };
    }),
  );
}

/** A description with `{{ doc('name') }}` filled in. Throws a BeltError for an unknown name. */
export function withDocs(
  description: string,
  blocks: ReadonlyMap<string, DocsBlock>,
  place: { file: string; line: number },
): string {
  return description.replace(CALL, (_, name: string) => {
    const block = blocks.get(name);
    if (block !== undefined) return block.text;
    throw new BeltError(`There is no docs block ${name}${didYouMean(name, blocks.keys())}.`, {
      location: place,
      hint: 'Write it in a .md file: {% docs name %} … {% enddocs %}.',
    });
  });
}
