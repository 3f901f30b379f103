/**
 * Whose turn it is on the one backend of the embedded engine: a session keeps its turn from the
 * first message it sends until the backend is idle again, so that no transaction sees another's.
 */
export interface EngineTurns {
  /** Resolves once `holder` has the turn; at once if it has it already. */
  take(holder: object): Promise<void>;
  /** Ends the turn of `holder`; nothing happens if it has none. */
  release(holder: object): void;
}

export function createEngineTurns(): EngineTurns {
  let current: object | undefined;
  const waiting: { holder: object; resume: () => void }[] = [];
  return {
    take(holder) {
      if (current === undefined || current === holder) {
        current = holder;
        return Promise.resolve();
      }
      return new Promise((resume) => waiting.push({ holder, resume }));
    },
    release(holder) {
      if (current !== holder) return;
      const next = waiting.shift();
      current = next?.holder;
      next?.resume();
    },
  };
}
