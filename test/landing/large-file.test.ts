import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { newBatch } from '../../src/landing/batch.js';
import type { SourceFile } from '../../src/landing/directory-walk.js';
import { rowsOfFile } from '../../src/landing/file-rows.js';
import { checkLargeFile, PART_BYTES, partsOfLargeFile } from '../../src/landing/large-file.js';
import { RESOURCES } from '../../src/raw/resources.js';

const DEVICE = '5f2d7e0a-1b3c-4d5e-8f90-a1b2c3d4e5f6';
const LATEST_MS = Date.UTC(2030, 0);

function sourceFile(content?: string): SourceFile {
  const dir = mkdtempSync(join(tmpdir(), 'belt-large-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  const file = join(dir, `${DEVICE}.json`);
  if (content !== undefined) writeFileSync(file, content);
  const resource = RESOURCES.find(({ name }) => name === 'telemetry');
  if (resource === undefined) throw new Error('There is no telemetry.');
  const path = `telemetry/${DEVICE}.json`;
  return { resource, path, deviceUuid: DEVICE, file, sizeBytes: PART_BYTES + 1, mark: undefined };
}

function document(value: number): string {
  return `{"series":[{"name":"a","data":[[1738850562000,${value}]]}]}`;
}

async function gathered<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

test.each([
  ['other bytes', document(2)],
  ['fewer bytes', document(1).slice(0, 20)],
  ['more bytes', `${document(1)}\n{}`],
])('a large file that gets %s while it is landed is refused', async (_, content) => {
  const file = sourceFile(document(1));
  // long ago: two writes of one moment can have one time
  utimesSync(file.file, 0, 0);
  const handle = await open(file.file);
  onTestFinished(() => handle.close());
  const checked = await checkLargeFile(handle, file, LATEST_MS);
  if (!checked.ok) throw new Error(checked.rejected.message);
  const parts = () => gathered(partsOfLargeFile(handle, file, checked, LATEST_MS));
  expect((await parts()).map(({ body }) => String(Buffer.concat(body)))).toEqual([document(1)]);
  writeFileSync(file.file, content);
  await expect(parts()).rejects.toThrow(/changed while it was landed.*rename/);
});

test('a large file that cannot be opened is put aside, as a small one is', async () => {
  const file = sourceFile();
  const batch = newBatch('');
  const read = { file, content: undefined, error: undefined };
  const outcomes = await gathered(
    rowsOfFile(batch, read, { isLatest: () => false, isRejected: () => false }),
  );
  expect(outcomes).toEqual([
    { kind: 'rejected', file: expect.objectContaining({ reason: 'unreadable', path: file.path }) },
  ]);
});

test('a large file that is changed when a part of it was given is withdrawn, and no other file', async () => {
  const pair = '[1738850562000,1],';
  const half = pair.repeat(PART_BYTES / pair.length);
  const file = sourceFile(`{"series":[{"name":"a","data":[${half}${half}[1738850562000,1]]}]}`);
  const read = { file, content: undefined, error: undefined };
  const outcomes = rowsOfFile(newBatch(''), read, {
    isLatest: () => false,
    isRejected: () => false,
  });
  expect((await outcomes.next()).value).toMatchObject({ kind: 'row' });
  utimesSync(file.file, 0, 0);
  expect((await outcomes.next()).value).toMatchObject({
    kind: 'withdrawn',
    file: { reason: 'unreadable', message: expect.stringContaining('changed while') },
  });
  expect((await outcomes.next()).done).toBe(true);
});
