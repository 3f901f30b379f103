import { type RestoreSummary, restoreRaw } from '../raw/archive/restore-raw.js';
import { RESOURCES } from '../raw/resources.js';
import { withTransformSession } from '../run/session.js';
import { type CommandScope, type GlobalOptions, withMigratedDatabase } from './scope.js';

/** Brings an archive of raw back into the database of the options; `onOpen` is called before. */
export function restoreInDatabase(
  options: GlobalOptions & { readonly source: string },
  onOpen: (scope: CommandScope) => void,
): Promise<RestoreSummary> {
  return withMigratedDatabase(options, 'land', async (scope) => {
    onOpen(scope);
    const { console, database, signal } = scope;
    const onWait = () =>
      console.log('Waiting for a belt transform to finish.', {
        event: 'waiting',
        for: 'transform',
      });
    const progress = console.progress('Restoring', '');
    try {
      // a transform would find only a part of what is brought back
      return await withTransformSession(database, onWait, (client) =>
        restoreRaw(client, {
          source: options.source,
          resources: RESOURCES,
          signal,
          checkpoints: database.embedded !== undefined,
          onProgress: progress.update,
        }),
      );
    } finally {
      progress.stop();
    }
  });
}
