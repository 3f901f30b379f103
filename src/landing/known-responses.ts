import type { ClientBase } from 'pg';
import type { SourceFile } from './directory-walk.js';

/** Which bytes were landed last for each path. */
export interface KnownResponses {
  isLatest(path: string, sha256: Buffer): boolean;
}

export async function readKnownResponses(
  client: ClientBase,
  files: readonly SourceFile[],
): Promise<KnownResponses> {
  const { rows } = await client.query<{ path: string; sha256: string }>(
    `select wanted.path, encode(known.sha256, 'hex') as sha256
      from unnest($1::text[]) as wanted (path)
      join raw.latest_response as known on known.path_hash = md5(wanted.path)::uuid`,
    [files.map((file) => file.path)],
  );
  const latest = new Map(rows.map(({ path, sha256 }) => [path, sha256]));
  return { isLatest: (path, sha256) => latest.get(path) === sha256.toString('hex') };
}
