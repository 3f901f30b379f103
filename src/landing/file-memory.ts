import type { BigIntStats } from 'node:fs';

/** What tells that a file was not written since: its size, its place on the disk, and its times. */
export interface FileMark {
  readonly text: string;
  /**
   * Whether it was last written so long ago that another write would have another time. The times
   * of some file systems tick each two seconds.
   */
  readonly isSettled: boolean;
  /** Whether it was written so lately that the system still holds it in memory. */
  readonly isFresh: boolean;
}

const TICK_MS = 2000;
const FRESH_MS = 60_000;

export function markOf(stats: BigIntStats, nowMs: number): FileMark {
  const { size, ino, mtimeNs, ctimeNs } = stats;
  const ageMs = nowMs - Math.max(Number(mtimeNs), Number(ctimeNs)) / 1e6;
  return {
    text: [size, ino, mtimeNs, ctimeNs].join(' '),
    isSettled: ageMs > TICK_MS,
    isFresh: Math.abs(ageMs) < FRESH_MS,
  };
}

/** What a file held when it was read. */
export interface SeenFile {
  /** Of its bytes. */
  readonly sha256: Buffer;
  readonly wasRejected: boolean;
}

type Noted = SeenFile & { readonly mark: string };

/** The files that earlier landings have read, so that what was not written since is not read again. */
export class FileMemory {
  #files: ReadonlyMap<string, Noted> = new Map();
  /** Of the landing that is going on. */
  #next = new Map<string, Noted>();
  #asOf: string | undefined;

  /**
   * Begins a landing. `lastId` is the last response_id that was given: as long as none was given
   * since the landing before, nobody has landed anything else. Gives whether that is so.
   */
  begin(lastId: string): boolean {
    this.#next = new Map();
    return this.#asOf === lastId;
  }

  /** Keeps what was recalled and noted by a landing that was completed: other files are gone. */
  finish(lastId: string): void {
    this.#files = this.#next;
    this.#next = new Map();
    this.#asOf = lastId;
  }

  /** What the file of a path holds, if it is known to be as it was read. */
  recall(path: string, mark: FileMark | undefined): SeenFile | undefined {
    const seen = this.#files.get(path);
    if (seen === undefined || seen.mark !== mark?.text) return undefined;
    this.#next.set(path, seen);
    return seen;
  }

  /** Notes what a file held that was read after its mark was taken. */
  note(path: string, mark: FileMark | undefined, seen: SeenFile): void {
    if (mark?.isSettled === true) this.#next.set(path, { ...seen, mark: mark.text });
  }

  forget(path: string): void {
    this.#next.delete(path);
  }

  /** Notes that what a file held is refused after all. */
  noteRejected(path: string): void {
    const seen = this.#next.get(path);
    if (seen !== undefined) this.#next.set(path, { ...seen, wasRejected: true });
  }
}
