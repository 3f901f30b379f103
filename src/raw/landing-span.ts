import type { ClientBase } from 'pg';

/** Times of landing, as PostgreSQL writes them: from the first up to and with the last. */
export interface LandingSpan {
  readonly first: string;
  readonly last: string;
}

const NEVER: LandingSpan = { first: 'infinity', last: '-infinity' };

/**
 * When these batches were landed. Raw is kept by day of landing: a query that names the span leaves
 * the other days alone.
 */
export async function landingSpan(
  client: ClientBase,
  batchIds: readonly string[],
): Promise<LandingSpan> {
  const { rows } = await client.query<{ first: string | null; last: string | null }>(
    // of a batch that others wrote, without its contents, nothing is known
    `select min(coalesce(landed_at, '-infinity'))::text as first,
        max(coalesce(landed_at, 'infinity'))::text as last
      from unnest($1::bigint[]) as batch_id left join raw.batch_content using (batch_id)`,
    [batchIds],
  );
  return spanOf(rows[0]);
}

/** Landed batches with readings in a window. */
export interface TouchingBatches extends LandingSpan {
  readonly batchIds: readonly string[];
}

/** Batches that have readings in a window, or of which that is not known. */
export async function batchesTouching(
  client: ClientBase,
  window: { readonly start: Date; readonly end: Date },
): Promise<TouchingBatches> {
  const { rows } = await client.query<{
    first: string | null;
    last: string | null;
    batch_ids: string[] | null;
  }>(
    `select min(coalesce(landed_at, '-infinity'))::text as first,
        max(coalesce(landed_at, 'infinity'))::text as last,
        array_agg(distinct batch_id) as batch_ids
      from raw.batch as batch left join raw.batch_content as content using (batch_id)
      where batch.status = 'landed' and batch.documents > 0
        and (content.touched_hours is null or content.touched_hours && int4range(
          floor(extract(epoch from $1::timestamptz) / 3600)::integer,
          ceil(extract(epoch from $2::timestamptz) / 3600)::integer
        ))`,
    [window.start, window.end],
  );
  return { ...spanOf(rows[0]), batchIds: rows[0]?.batch_ids ?? [] };
}

function spanOf(
  row: { readonly first: string | null; readonly last: string | null } | undefined,
): LandingSpan {
  const { first, last } = row ?? NEVER;
  return first === null || last === null ? NEVER : { first, last };
}
