import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ClientBase } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';

/** A value of a binary COPY: bytes as the type's binary format has them, or null. */
export type CopyValue = Buffer | null;

const SIGNATURE = Buffer.concat([Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1'), Buffer.alloc(8)]);
const TRAILER = Buffer.from([0xff, 0xff]);

export function int4(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeInt32BE(value);
  return bytes;
}

export function int8(value: number | bigint): Buffer {
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeBigInt64BE(BigInt(value));
  return bytes;
}

export function boolean(value: boolean): Buffer {
  return Buffer.from([value ? 1 : 0]);
}

export function text(value: string): Buffer {
  return Buffer.from(value, 'utf8');
}

export function uuid(value: string): Buffer {
  return Buffer.from(value.replaceAll('-', ''), 'hex');
}

const POSTGRES_EPOCH_MS = Date.UTC(2000, 0, 1);

export function timestamptz(value: Date): Buffer {
  return int8(BigInt(value.getTime() - POSTGRES_EPOCH_MS) * 1000n);
}

const JSONB_VERSION = Buffer.from([1]);

/** JSON text as jsonb takes it: unparsed, behind a version byte. Given in pieces to spare a copy. */
export function jsonb(...pieces: readonly Buffer[]): Buffer[] {
  return [JSONB_VERSION, ...pieces];
}

/** Ranges of whole numbers, both ends included, as an int4multirange. */
export function int4Multirange(ranges: readonly (readonly [number, number])[]): Buffer {
  const lowerInclusive = 0x02;
  const bytes = Buffer.allocUnsafe(4 + ranges.length * 21);
  bytes.writeInt32BE(ranges.length, 0);
  ranges.forEach(([first, last], index) => {
    const at = 4 + index * 21;
    bytes.writeInt32BE(17, at);
    bytes.writeUInt8(lowerInclusive, at + 4);
    bytes.writeInt32BE(4, at + 5);
    bytes.writeInt32BE(first, at + 9);
    bytes.writeInt32BE(4, at + 13);
    bytes.writeInt32BE(last + 1, at + 17);
  });
  return bytes;
}

/** Pieces below this size are joined, so that small rows do not become many small messages. */
const JOINED_BYTES = 64 * 1024;

/** One row of a binary COPY, in pieces. */
export function copyRow(values: readonly (CopyValue | Buffer[])[]): Buffer[] {
  const count = Buffer.allocUnsafe(2);
  count.writeInt16BE(values.length);
  return [
    count,
    ...values.flatMap((value) => {
      if (value === null) return [int4(-1)];
      const pieces = Array.isArray(value) ? value : [value];
      return [int4(pieces.reduce((sum, piece) => sum + piece.length, 0)), ...pieces];
    }),
  ];
}

/** Copies rows into a table; `target` is the table with its columns, as SQL. */
export function copyRows(
  client: ClientBase,
  target: string,
  rows: readonly (readonly Buffer[])[],
): Promise<void> {
  return pipeline(
    Readable.from(joined(rows)),
    client.query(copyFrom(`copy ${target} from stdin (format binary)`)),
  );
}

function* joined(rows: readonly (readonly Buffer[])[]): Generator<Buffer> {
  let small: Buffer[] = [SIGNATURE];
  let bytes = SIGNATURE.length;
  for (const row of rows) {
    for (const piece of row) {
      if (piece.length >= JOINED_BYTES) {
        yield Buffer.concat(small);
        yield piece;
        small = [];
        bytes = 0;
        continue;
      }
      small.push(piece);
      bytes += piece.length;
      if (bytes >= JOINED_BYTES) {
        yield Buffer.concat(small);
        small = [];
        bytes = 0;
      }
    }
  }
  yield Buffer.concat([...small, TRAILER]);
}
