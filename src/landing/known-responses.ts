import type { ClientBase } from 'pg';

/** What earlier landings did with the paths of some files. */
export interface KnownResponses {
  /** Whether these bytes were landed last for the path. */
  isLatest(path: string, sha256: Buffer): boolean;
  /** Whether these bytes are in quarantine. */
  isRejected(path: string, sha256: Buffer): boolean;
}

export async function readKnownResponses(
  client: ClientBase,
  paths: readonly string[],
): Promise<KnownResponses> {
  const { rows } = await client.query<{ path: string; sha256: string; rejected: boolean }>(
    `select wanted.path, encode(known.sha256, 'hex') as sha256, false as rejected
      from unnest($1::text[]) as wanted (path)
      join raw.latest_response as known on known.path_hash = md5(wanted.path)::uuid
      union all
      select resource_path, encode(sha256, 'hex'), true
      from raw.rejected_response where resource_path = any ($1::text[])`,
    [paths],
  );
  const keyOf = (path: string, sha256: string) => `${sha256} ${path}`;
  const keys = (rejected: boolean) =>
    new Set(
      rows.flatMap((row) => (row.rejected === rejected ? [keyOf(row.path, row.sha256)] : [])),
    );
  const [latest, refused] = [keys(false), keys(true)];
  return {
    isLatest: (path, sha256) => latest.has(keyOf(path, sha256.toString('hex'))),
    isRejected: (path, sha256) => refused.has(keyOf(path, sha256.toString('hex'))),
  };
}
