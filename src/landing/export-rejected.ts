import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, resolve, sep } from 'node:path';
import type { ClientBase } from 'pg';
import { BeltError } from '../errors.js';
import { type RejectedResponse, readRejectedContent } from './rejected-responses.js';

/** Writes the kept bytes of files in quarantine below a folder, each by the path that it had. */
export async function exportRejected(
  client: ClientBase,
  files: readonly RejectedResponse[],
  folder: string,
): Promise<void> {
  const root = resolve(folder);
  for (const { id, path } of files) {
    const file = resolve(root, path);
    if (!file.startsWith(`${root}${sep}`)) {
      throw new BeltError(`The path of the rejected response ${id} leads out of ${folder}.`, {
        hint: `Look at it: belt rejected show ${id}.`,
      });
    }
    const content = await readRejectedContent(client, id);
    // what a vendor sent is nobody else's business
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    writeFileSync(file, content, { mode: 0o600 });
  }
}
