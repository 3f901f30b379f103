import type { ClientBase } from 'pg';
import { columnsOf, type RawColumn, rawTable } from '../raw/raw-table.js';
import type { Resource } from '../raw/resource.js';
import {
  boolean,
  type CopyValue,
  copyRow,
  copyRows,
  int4,
  int4Multirange,
  int8,
  jsonb,
  text,
  timestamptz,
  uuid,
} from './copy-rows.js';
import type { DocumentProfile } from './scan/document-profile.js';

/** A response, or a part of one, that has passed its check. */
export interface CheckedRow {
  readonly batchId: string;
  readonly landedAt: Date;
  readonly resource: Resource;
  readonly path: string;
  readonly deviceUuid: string | undefined;
  readonly sha256: Buffer;
  readonly part: number;
  readonly parts: number;
  readonly sizeBytes: number;
  readonly readings: number;
  readonly profile: DocumentProfile;
  /** The document, in pieces. */
  readonly body: readonly Buffer[];
}

/** A row as it is landed. */
export interface LandedRow extends CheckedRow {
  /** A larger one was landed later. */
  readonly responseId: bigint;
}

/** A row that the database does not take, and why. */
export interface RefusedRow {
  readonly row: LandedRow;
  readonly message: string;
}

const ENCODED: Readonly<Record<RawColumn, (row: LandedRow) => CopyValue | Buffer[]>> = {
  response_id: (row) => int8(row.responseId),
  batch_id: (row) => int8(BigInt(row.batchId)),
  resource_path: (row) => text(row.path),
  part: (row) => int4(row.part),
  parts: (row) => int4(row.parts),
  sha256: (row) => row.sha256,
  size_bytes: (row) => int8(row.sizeBytes),
  landed_at: (row) => timestamptz(row.landedAt),
  body: (row) => jsonb(...row.body),
  device_uuid: (row) => (row.deviceUuid === undefined ? null : uuid(row.deviceUuid)),
  readings: (row) => int8(row.readings),
  ordered: (row) => boolean(row.profile.ordered),
  clocks: (row) => (row.profile.clocks === null ? null : int4(row.profile.clocks)),
  first_reading_at: (row) => timeOf(row.profile.firstMs),
  last_reading_at: (row) => timeOf(row.profile.lastMs),
  touched_hours: (row) => int4Multirange(row.profile.hours),
  profile: (row) => jsonb(Buffer.from(JSON.stringify(row.profile.series))),
};

function timeOf(ms: number | null): CopyValue {
  return ms === null ? null : timestamptz(new Date(ms));
}

/**
 * Copies rows into their tables, in order. What the database refuses, though it passed the check,
 * is given back, and the rest is landed.
 */
export async function landRows(
  client: ClientBase,
  rows: readonly LandedRow[],
): Promise<RefusedRow[]> {
  const refused: RefusedRow[] = [];
  for (const resource of new Set(rows.map((row) => row.resource))) {
    let left = rows.filter((row) => row.resource === resource);
    while (left.length > 0) {
      const fault = await tryCopy(client, resource, left);
      if (fault === undefined) break;
      refused.push(fault);
      left = left.filter((row) => row !== fault.row);
    }
  }
  return refused;
}

async function tryCopy(
  client: ClientBase,
  resource: Resource,
  rows: readonly LandedRow[],
): Promise<RefusedRow | undefined> {
  const columns = columnsOf(resource);
  await client.query('savepoint belt_copy');
  try {
    await copyRows(
      client,
      `${rawTable(resource)} (${columns.join(', ')})`,
      rows.map((row) => copyRow(columns.map((column) => ENCODED[column](row)))),
    );
    await client.query('release savepoint belt_copy');
    return undefined;
  } catch (error) {
    const {
      code = '',
      where = '',
      message,
    } = error as {
      code?: string;
      where?: string;
      message: string;
    };
    const row = rows[Number(/, line (\d+)/.exec(where)?.[1] ?? 0) - 1];
    // class 22 is what is wrong with the data; 54 a limit that they exceed
    if (!/^(22|54)/.test(code) || row === undefined) throw error;
    await client.query('rollback to savepoint belt_copy');
    return { row, message };
  }
}
