import type { ClientBase } from 'pg';
import { inTransaction } from '../../database/transaction.js';
import type { Relation } from '../../project/relation.js';
import { type CompressedSpan, chunkWidth, compressedSpans } from '../catalog/chunks.js';

/** Rows that are merged in one run at the most: some seconds. */
const ROWS_A_RUN = 5_000_000;

/**
 * Merges neighbouring chunks of the columnstore that are narrower than those to come, as far as they
 * lie in what would be one of these, and fills their batches anew. Gives how many chunks it took in.
 */
export async function mergeChunks(client: ClientBase, relation: Relation): Promise<number> {
  const groups = mergeable(
    await compressedSpans(client, relation),
    await chunkWidth(client, relation),
  );
  if (groups.length === 0 || !(await canMerge(client))) return 0;
  let rows = 0;
  let merged = 0;
  for (const group of groups) {
    if (rows > 0 && rows + rowsOf(group) > ROWS_A_RUN) break;
    rows += rowsOf(group);
    await inTransaction(client, async () => {
      const chunks = group.map(({ chunk }) => chunk);
      await client.query('call merge_chunks($1::text[]::regclass[])', [chunks]);
      // one of them, which takes in the others
      await client.query(
        `select compress_chunk(to_regclass(chunk), recompress => true)
          from unnest($1::text[]) as chunk where to_regclass(chunk) is not null`,
        [chunks],
      );
    });
    merged += group.length;
  }
  return merged;
}

/** Groups of neighbours that together fill a chunk of the width, or the part of it that they lie in. */
export function mergeable(spans: readonly CompressedSpan[], width: number): CompressedSpan[][] {
  const groups: CompressedSpan[][] = [];
  for (const span of spans) {
    const last = groups.at(-1);
    const before = last?.at(-1);
    const fits =
      before !== undefined &&
      before.end === span.start &&
      before.isCompressed &&
      span.isCompressed &&
      Math.floor((last?.[0]?.start ?? 0) / width) === Math.floor((span.end - 1) / width);
    if (fits) last?.push(span);
    else groups.push([span]);
  }
  // the newest one may yet get neighbours
  return groups.slice(0, -1).filter((group) => group.length > 1);
}

function rowsOf(group: readonly CompressedSpan[]): number {
  return group.reduce((sum, { rows }) => sum + rows, 0);
}

/** Servers before 2.20 merge no chunks of the columnstore. */
async function canMerge(client: ClientBase): Promise<boolean> {
  const { rows } = await client.query<{ yes: boolean }>(
    "select to_regprocedure('merge_chunks(regclass[])') is not null as yes",
  );
  return rows[0]?.yes === true;
}
