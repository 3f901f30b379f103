import { BeltError } from '../errors.js';

/** Everything that is wrong with a project, found before anything runs. */
export class ProjectFaults extends BeltError {
  override readonly name = 'ProjectFaults';
  readonly faults: readonly BeltError[];

  constructor(faults: readonly BeltError[]) {
    super(
      faults.length === 1
        ? 'The project has a fault; nothing was run.'
        : `The project has ${faults.length} faults; nothing was run.`,
    );
    this.faults = faults;
  }
}

/** The name that was most likely meant, as a hint; undefined where none is near. */
export function nearest(name: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(name.length / 3)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(name, candidate);
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, substitution));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

/** The 1-based line of a text at which `needle` first stands, or undefined. */
export function lineOf(text: string, needle: string | RegExp): number | undefined {
  const at = typeof needle === 'string' ? text.indexOf(needle) : text.search(needle);
  return at < 0 ? undefined : text.slice(0, at).split('\n').length;
}
