import { type FSWatcher, readdirSync, watch } from 'node:fs';
import { join } from 'node:path';
import { depthOf, foldersOf } from '../landing/directory-walk.js';
import type { Resource } from '../raw/resource.js';

/** Changes of one moment are told together: a response is seldom written in one piece. */
const QUIET_MS = 30;
/** Where they do not end, such as while a whole fleet reports, what is there is not kept waiting. */
const LONGEST_MS = 250;

/** Folders that are watched at the most: a system has not many watches to give, nor are they free. */
const MAX_FOLDERS = 1000;

/** Tells `onChange` when files below some folders change, where the system can tell it. */
export class SourceChanges {
  readonly #onChange: () => void;
  readonly #watchers = new Map<string, FSWatcher>();
  #timer: NodeJS.Timeout | undefined;
  #firstMs = 0;

  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  /**
   * Watches the folders of responses that are there by now. What is in others is met by the next look
   * at all files.
   */
  follow(directory: string, resources: readonly Resource[]): void {
    const below = foldersOf(resources).flatMap((name) =>
      foldersBelow(join(directory, name), depthOf(resources) - 2),
    );
    const folders = new Set([directory, ...below].slice(0, MAX_FOLDERS));
    for (const [folder, watcher] of this.#watchers) {
      if (folders.has(folder)) continue;
      watcher.close();
      this.#watchers.delete(folder);
    }
    for (const folder of folders) {
      if (!this.#watchers.has(folder)) this.#watch(folder);
    }
  }

  close(): void {
    clearTimeout(this.#timer);
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
  }

  #watch(folder: string): void {
    try {
      const watcher = watch(folder, { persistent: false }, () => this.#changed());
      const forget = () => {
        watcher.close();
        this.#watchers.delete(folder);
      };
      watcher.on('error', forget);
      this.#watchers.set(folder, watcher);
    } catch {
      // the system has no more watches to give, or the folder has gone
    }
  }

  #changed(): void {
    const now = performance.now();
    if (this.#timer === undefined) this.#firstMs = now;
    clearTimeout(this.#timer);
    const wait = Math.min(QUIET_MS, Math.max(0, this.#firstMs + LONGEST_MS - now));
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#onChange();
    }, wait);
  }
}

/** A folder and those below it, as far down as `depth`. */
function foldersBelow(folder: string, depth: number): string[] {
  if (depth <= 0) return [folder];
  try {
    const entries = readdirSync(folder, { withFileTypes: true });
    const folders = entries.filter((entry) => entry.isDirectory() || entry.isSymbolicLink());
    return [folder, ...folders.flatMap(({ name }) => foldersBelow(join(folder, name), depth - 1))];
  } catch {
    return [];
  }
}
