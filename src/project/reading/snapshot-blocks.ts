import { BeltError } from '../../errors.js';
import type { ProjectFile } from './files.js';
import { tagBlocks } from './tag-blocks.js';

/** A snapshot of a file: its text stands on the lines that it has in the file. */
export interface SnapshotBlock {
  readonly name: string;
  readonly file: ProjectFile;
}

/** The `{% snapshot %}` blocks of a file. Throws a BeltError if it has none, or one is not closed. */
export function snapshotBlocks(file: ProjectFile): SnapshotBlock[] {
  const blocks = tagBlocks(file, 'snapshot');
  if (blocks.length === 0) {
    throw new BeltError(`${file.path} holds no snapshot.`, {
      location: { file: file.path, line: 1 },
      hint: 'Write the query into {% snapshot NAME %} … {% endsnapshot %}, or move the file.',
    });
  }
  return blocks.map(({ name, from, to }) => {
    const above = file.text.slice(0, from).replace(/[^\n]/g, '');
    return { name, file: { ...file, text: above + file.text.slice(from, to) } };
  });
}
