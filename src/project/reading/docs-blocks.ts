import { didYouMean } from '../../did-you-mean.js';
import { BeltError } from '../../errors.js';
import type { ProjectFile } from './files.js';
import { tagBlocks } from './tag-blocks.js';

const CALL = /\{\{\s*doc\(\s*(?:["'][\w.]+["']\s*,\s*)?["'](\w+)["']\s*\)\s*\}\}/g;

/** A `{% docs name %}` block, and the Markdown file that it is in. */
export interface DocsBlock {
  readonly name: string;
  readonly path: string;
  readonly line: number;
  readonly pathBelowRoot: string;
  readonly text: string;
}

/** The `{% docs name %}` blocks of a Markdown file. Throws a BeltError if one is not closed. */
export function docsBlocks(file: ProjectFile): DocsBlock[] {
  const { path, pathBelowRoot, text } = file;
  return tagBlocks(file, 'docs').map(({ name, line, from, to }) => {
    return { name, path, line, pathBelowRoot, text: text.slice(from, to).trim() };
  });
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
