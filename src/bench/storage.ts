import { spawn } from 'node:child_process';
import type { PoolClient } from 'pg';
import { to as copyTo } from 'pg-copy-streams';

/** Bytes of battery_telemetry in the row store and compressed, indexes included. */
export async function compressTelemetry(
  client: PoolClient,
): Promise<{ rowBytes: number; compressedBytes: number }> {
  // what was written compressed is in the row store first, so that both are known of the same rows
  for (const call of ['decompress_chunk', 'compress_chunk']) {
    await client.query(
      `select ${call}(chunk, true) from show_chunks('public.battery_telemetry') as chunk`,
    );
  }
  const { rows } = await client.query<{ before: number; after: number }>(
    `select before_compression_total_bytes::float8 as before, after_compression_total_bytes::float8 as after
      from hypertable_compression_stats('public.battery_telemetry')`,
  );
  return {
    rowBytes: rows[0]?.before ?? Number.NaN,
    compressedBytes: rows[0]?.after ?? Number.NaN,
  };
}

/** Bytes of raw telemetry responses in the row store and, as the job of raw packs them, in the columnstore. */
export async function compressRaw(
  client: PoolClient,
): Promise<{ rowBytes: number; columnstoreBytes: number }> {
  const size = async () => {
    const { rows } = await client.query<{ bytes: number }>(
      "select hypertable_size('raw.telemetry_response')::float8 as bytes",
    );
    return rows[0]?.bytes ?? Number.NaN;
  };
  const rowBytes = await size();
  await client.query("set default_toast_compression = 'pglz'");
  await client.query(
    "select compress_chunk(chunk, true) from show_chunks('raw.telemetry_response') as chunk",
  );
  await client.query('reset default_toast_compression');
  return { rowBytes, columnstoreBytes: await size() };
}

/** Bytes of the same values, packed column by column with zstd -19. */
export interface ZstdFloor {
  /** Each column as it is, by device and time. */
  readonly plainBytes: number;
  /** Each column as it is, or as differences from one value to the next: the smaller one. */
  readonly floorBytes: number;
}

/** Undefined where there is no `zstd` program: Node has zstd only from 22.15 on. */
export async function zstdFloor(client: PoolClient): Promise<ZstdFloor | undefined> {
  if ((await zstdBytes([]).catch(() => undefined)) === undefined) return undefined;
  const { rows: columns } = await client.query<{ name: string; type: string }>(
    `select attname as name, format_type(atttypid, atttypmod) as type from pg_attribute
      where attrelid = 'public.battery_telemetry'::regclass and attnum > 0 and not attisdropped
        and attname <> 'device_id' order by attnum`,
  );
  let plainBytes = 0;
  let floorBytes = 0;
  for (const { name, type } of columns) {
    const width = type === 'bigint' || type.startsWith('timestamp') ? 8 : 4;
    const values = await columnValues(client, name, type);
    const plain = await zstdBytes(packed(values, width, false));
    const differences = await zstdBytes(packed(values, width, true));
    plainBytes += plain;
    floorBytes += Math.min(plain, differences);
  }
  return { plainBytes, floorBytes };
}

/** The values of a column in order of device and time, as whole numbers (percents too are whole). */
async function columnValues(client: PoolClient, name: string, type: string): Promise<bigint[]> {
  const column = client.escapeIdentifier(name);
  const expression = type.startsWith('timestamp')
    ? `(extract(epoch from ${column}) * 1000)::bigint`
    : `coalesce(${column}, 0)::bigint`;
  const stream = client.query(
    copyTo(
      `copy (select ${expression} from public.battery_telemetry order by device_id, ts) to stdout`,
    ),
  );
  const values: bigint[] = [];
  let rest = '';
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    const lines = (rest + chunk.toString('latin1')).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) values.push(BigInt(line));
  }
  return values;
}

function* packed(values: readonly bigint[], width: 4 | 8, differences: boolean): Generator<Buffer> {
  const CHUNK_VALUES = 65_536;
  let before = 0n;
  for (let start = 0; start < values.length; start += CHUNK_VALUES) {
    const part = values.slice(start, start + CHUNK_VALUES);
    const bytes = Buffer.allocUnsafe(part.length * width);
    part.forEach((value, index) => {
      const told = differences ? value - before : value;
      before = value;
      if (width === 8) bytes.writeBigInt64LE(told, index * 8);
      else bytes.writeInt32LE(Number(BigInt.asIntN(32, told)), index * 4);
    });
    yield bytes;
  }
}

function zstdBytes(content: Iterable<Buffer>): Promise<number> {
  return new Promise((done, fail) => {
    const child = spawn('zstd', ['-19', '-q', '-c'], { stdio: ['pipe', 'pipe', 'inherit'] });
    let bytes = 0;
    child.on('error', fail);
    child.stdout.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
    });
    child.on('close', (code) =>
      code === 0 ? done(bytes) : fail(new Error(`zstd ended with ${code}`)),
    );
    child.stdin.on('error', () => undefined);
    for (const part of content) child.stdin.write(part);
    child.stdin.end();
  });
}
