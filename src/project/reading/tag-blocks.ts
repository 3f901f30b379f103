import { BeltError } from '../../errors.js';
import type { ProjectFile } from './files.js';

/** A `{% tag name %} … {% endtag %}` of a file. */
export interface TagBlock {
  readonly name: string;
  /** The line of its tag. */
  readonly line: number;
  /** Where in the file's text its content begins and ends. */
  readonly from: number;
  readonly to: number;
}

/** The blocks of a tag in a file. Throws a BeltError for one without a name or end. */
export function tagBlocks({ path, text }: ProjectFile, tag: 'docs' | 'snapshot'): TagBlock[] {
  const tags = text.matchAll(new RegExp(`\\{%[-+]?\\s*(end)?${tag}\\b([^%]*?)[-+]?%\\}`, 'g'));
  const blocks: TagBlock[] = [];
  let open: Omit<TagBlock, 'to'> | undefined;
  for (const { 0: whole, 1: end, 2: named = '', index } of tags) {
    const line = lineAt(index);
    if (open !== undefined && end === undefined) throw unclosed(open);
    if (open !== undefined) {
      blocks.push({ ...open, to: index });
      open = undefined;
      continue;
    }
    const name = named.trim();
    if (end !== undefined) {
      throw fault(`This end${tag} ends nothing.`, line, `Begin it with {% ${tag} NAME %}.`);
    }
    if (!/^\w+$/.test(name)) {
      throw fault(`A ${tag} block has no name of letters.`, line, `Write {% ${tag} NAME %}.`);
    }
    open = { name, line, from: index + whole.length };
  }
  if (open !== undefined) throw unclosed(open);
  return blocks;

  function lineAt(index: number): number {
    return text.slice(0, index).split('\n').length;
  }

  function unclosed({ name, line }: Omit<TagBlock, 'to'>): BeltError {
    return fault(`The ${tag} block ${name} is not closed.`, line, `End it with {% end${tag} %}.`);
  }

  function fault(message: string, line: number, hint: string): BeltError {
    return new BeltError(message, { location: { file: path, line }, hint });
  }
}
