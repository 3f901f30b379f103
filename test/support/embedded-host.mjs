// @ts-check
// A process that keeps embedded databases open, one after another, and serves them to a test file.
// It is JavaScript, since Node runs it, and not vitest. It ends when its parent goes.
import { serveDatabase } from '../../dist/database/embedded/serve.js';
import { openDatabase } from '../../dist/database/open-database.js';

/** @type {Map<string, () => Promise<void>>} */
const closing = new Map();

/** @param {string} folder */
async function open(folder) {
  const database = await openDatabase(
    { engine: 'embedded', folder, displayUrl: `embedded:${folder}` },
    'of the tests',
  );
  if (database.embedded === undefined) throw new Error('It is no embedded database.');
  const served = await serveDatabase(database.embedded, 0);
  closing.set(folder, async () => {
    await served.close();
    await database.close();
  });
  return `postgres://postgres@127.0.0.1:${served.port}/postgres?sslmode=disable`;
}

/** @param {string} folder */
async function close(folder) {
  const work = closing.get(folder);
  closing.delete(folder);
  await work?.();
  return '';
}

process.on(
  'message',
  async (/** @type {{ id: number, action: string, folder: string }} */ asked) => {
    const { id, action, folder } = asked;
    try {
      process.send?.({ id, url: await (action === 'open' ? open(folder) : close(folder)) });
    } catch (error) {
      process.send?.({ id, fault: error instanceof Error ? error.stack : String(error) });
    }
  },
);
process.on('disconnect', () => process.exit());
