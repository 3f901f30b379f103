import type { EmbeddedEngine } from './engine.js';
import type { FolderLock } from './lock.js';
import type { EngineTurns } from './turns.js';

/** The engine of an embedded database, for those who serve it to others. */
export interface EmbeddedHandle {
  readonly engine: EmbeddedEngine;
  readonly turns: EngineTurns;
  readonly lock: FolderLock;
}
