import type { ClientBase } from 'pg';
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
import type { Resource } from './resource.js';
import type { DocumentProfile } from './scan/document-profile.js';

/** A response, or a part of one, that has passed its check. */
export interface LandedRow {
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

/** A row that the database does not take, and why. */
export interface RefusedRow {
  readonly row: LandedRow;
  readonly message: string;
}

const TABLES: Readonly<Record<Resource, string>> = {
  assets:
    'raw.asset_response (batch_id, resource_path, part, parts, sha256, size_bytes, landed_at, body)',
  telemetry: `raw.telemetry_response (batch_id, resource_path, part, parts, sha256, size_bytes,
    landed_at, device_uuid, readings, ordered, touched_hours, profile, body)`,
};

/**
 * Copies rows into their tables, in order. What the database refuses, though it passed the check,
 * is given back, and the rest is landed.
 */
export async function landRows(
  client: ClientBase,
  rows: readonly LandedRow[],
): Promise<RefusedRow[]> {
  const refused: RefusedRow[] = [];
  for (const resource of ['assets', 'telemetry'] as const) {
    let left = rows.filter((row) => row.resource === resource);
    while (left.length > 0) {
      const fault = await tryCopy(client, resource, left);
      if (fault === undefined) break;
      refused.push({ row: left[fault.index] as LandedRow, message: fault.message });
      left = left.filter((_, index) => index !== fault.index);
    }
  }
  return refused;
}

async function tryCopy(
  client: ClientBase,
  resource: Resource,
  rows: readonly LandedRow[],
): Promise<{ index: number; message: string } | undefined> {
  await client.query('savepoint belt_copy');
  try {
    await copyRows(client, TABLES[resource], rows.map(encode));
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
    const index = Number(/, line (\d+)/.exec(where)?.[1] ?? 0) - 1;
    // class 22 is what is wrong with the data; 54 a limit that they exceed
    if (!/^(22|54)/.test(code) || index < 0 || index >= rows.length) throw error;
    await client.query('rollback to savepoint belt_copy');
    return { index, message };
  }
}

function encode(row: LandedRow): Buffer[] {
  const common: CopyValue[] = [
    int8(BigInt(row.batchId)),
    text(row.path),
    int4(row.part),
    int4(row.parts),
    row.sha256,
    int8(row.sizeBytes),
    timestamptz(row.landedAt),
  ];
  const body = jsonb(...row.body);
  if (row.deviceUuid === undefined) return copyRow([...common, body]);
  return copyRow([
    ...common,
    uuid(row.deviceUuid),
    int8(row.readings),
    boolean(row.profile.ordered),
    int4Multirange(row.profile.hours),
    jsonb(Buffer.from(JSON.stringify(row.profile.series))),
    body,
  ]);
}
