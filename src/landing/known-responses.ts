import type { ClientBase } from 'pg';
import { rawTable } from '../raw/raw-table.js';
import type { Resource } from '../raw/resource.js';
import type { SourceFile } from './directory-walk.js';

/** Which bytes were landed last for each path. */
export interface KnownResponses {
  isLatest(path: string, sha256: Buffer): boolean;
}

export async function readKnownResponses(
  client: ClientBase,
  resources: readonly Resource[],
  files: readonly SourceFile[],
): Promise<KnownResponses> {
  const latestOf = (resource: Resource) =>
    `(select encode(sha256, 'hex') as sha256 from ${rawTable(resource)}
      where resource_path = wanted.path order by response_id desc limit 1)`;
  const { rows } = await client.query<{ path: string; sha256: string }>(
    `select wanted.path, latest.sha256
      from unnest($1::text[]) as wanted (path)
      cross join lateral (
        ${resources.map(latestOf).join(' union all ')}
      ) as latest`,
    [files.map((file) => file.path)],
  );
  const latest = new Map(rows.map(({ path, sha256 }) => [path, sha256]));
  return { isLatest: (path, sha256) => latest.get(path) === sha256.toString('hex') };
}
