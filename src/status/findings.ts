import type { ClientBase } from 'pg';
import { renderRelation } from '../project/relation.js';
import { findRelation } from '../run/catalog/relations.js';

/** A series that the metric catalogue does not know. */
interface UnmappedSeries {
  readonly vendorSeries: string;
  readonly readings: number;
}

export interface Findings {
  readonly unmapped: readonly UnmappedSeries[];
  /** Readings that were put aside, with their reason. */
  readonly rejectedReadings: number;
}

/** What the models of `schema` have put aside; nothing where they have not run. */
export async function readFindings(client: ClientBase, schema: string): Promise<Findings> {
  const unmapped = { schema, identifier: 'unmapped_series' };
  const rejects = { schema, identifier: 'telemetry_reject' };
  const series =
    (await findRelation(client, unmapped)) === undefined
      ? []
      : (
          await client.query<{ vendor_series: string; readings: string }>(
            `select vendor_series, readings from ${renderRelation(unmapped)} order by vendor_series`,
          )
        ).rows;
  const count =
    (await findRelation(client, rejects)) === undefined
      ? 0
      : Number(
          (
            await client.query<{ count: string }>(
              `select count(*) as count from ${renderRelation(rejects)}`,
            )
          ).rows[0]?.count ?? 0,
        );
  return {
    unmapped: series.map((row) => ({
      vendorSeries: row.vendor_series,
      readings: Number(row.readings),
    })),
    rejectedReadings: count,
  };
}
