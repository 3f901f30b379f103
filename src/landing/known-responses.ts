import type { ClientBase } from 'pg';
import type { SourceFile } from './directory-source.js';

/** Which bytes were landed last for each path. */
export interface KnownResponses {
  isLatest(path: string, sha256: Buffer): boolean;
}

export async function readKnownResponses(
  client: ClientBase,
  files: readonly SourceFile[],
): Promise<KnownResponses> {
  const { rows } = await client.query<{ path: string; sha256: string }>(
    `select wanted.path, latest.sha256
      from unnest($1::text[]) as wanted (path)
      cross join lateral (
        (select encode(sha256, 'hex') as sha256, response_id from raw.telemetry_response
          where resource_path = wanted.path order by response_id desc limit 1)
        union all
        (select encode(sha256, 'hex'), response_id from raw.asset_response
          where resource_path = wanted.path order by response_id desc limit 1)
      ) as latest`,
    [files.map((file) => file.path)],
  );
  const latest = new Map(rows.map(({ path, sha256 }) => [path, sha256]));
  return { isLatest: (path, sha256) => latest.get(path) === sha256.toString('hex') };
}
