import type { ClientBase } from 'pg';
import type { Batch } from './batch.js';
import { type LandedRow, landRows } from './land-rows.js';
import { type RejectedFile, refusedByDatabase } from './rejected.js';

/** Rows that are copied at a time. */
export class RowGroup {
  readonly rows: LandedRow[] = [];
  bytes = 0;

  add(row: LandedRow): void {
    this.rows.push(row);
    this.bytes += row.sizeBytes;
  }
}

/** Copies rows and counts them; gives what the database refuses. */
export async function copyGroup(
  client: ClientBase,
  batch: Batch,
  { rows }: RowGroup,
): Promise<RejectedFile[]> {
  const refused = await landRows(client, rows);
  const refusedRows = new Set(refused.map(({ row }) => row));
  for (const row of rows) {
    if (refusedRows.has(row)) continue;
    batch.documents++;
    batch.readings += row.readings;
    batch.bytes += row.sizeBytes;
  }
  return refused.map(({ row, message }) => refusedByDatabase(row, message));
}
