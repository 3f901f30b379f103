import { BeltError } from '../../errors.js';
import type { ProjectFile } from './files.js';

/** A snapshot of a file: its text stands on the lines that it has in the file. */
export interface SnapshotBlock {
  readonly name: string;
  readonly file: ProjectFile;
}

const BEGIN = /\{%-?\s*snapshot\s+(\w+)\s*-?%\}/g;
const END = /\{%-?\s*endsnapshot\b[^%]*%\}/g;

/** The `{% snapshot %}` blocks of a file. Throws a BeltError if it has none, or one is not closed. */
export function snapshotBlocks(file: ProjectFile): SnapshotBlock[] {
  const begins = [...file.text.matchAll(BEGIN)];
  if (begins.length === 0) {
    throw new BeltError(`${file.path} holds no snapshot.`, {
      location: { file: file.path, line: 1 },
      hint: 'Write the query into {% snapshot NAME %} … {% endsnapshot %}, or move the file.',
    });
  }
  return begins.map((begin) => {
    const from = begin.index + begin[0].length;
    END.lastIndex = from;
    const end = END.exec(file.text);
    const above = file.text.slice(0, from).replace(/[^\n]/g, '');
    if (end === null) {
      throw new BeltError(`The snapshot ${begin[1]} is not closed.`, {
        location: { file: file.path, line: above.split('\n').length },
        hint: 'End it with {% endsnapshot %}.',
      });
    }
    return {
      name: begin[1] ?? '',
      file: { ...file, text: above + file.text.slice(from, end.index) },
    };
  });
}
