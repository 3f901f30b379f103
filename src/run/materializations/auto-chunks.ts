import type { ClientBase } from 'pg';
import { BeltError } from '../../errors.js';
import { countText } from '../../format.js';
import type { ModelNode } from '../../project/nodes.js';
import { type Relation, renderRelation } from '../../project/relation.js';
import { readingsADay } from '../../raw/arrival.js';
import { enterSlice, sampleOf } from '../batches/slices.js';
import { chunkWidth, newestCompressed, timeWidth } from '../catalog/chunks.js';
import { groupConfig, namesOf } from '../relations/model-config.js';
import { type Arrival, chunkDaysOf } from '../timescale/chunk-width.js';
import { dimensionsOf } from '../timescale/dimensions.js';
import { mergeChunks } from '../timescale/merge-chunks.js';

const DAY_MS = 86_400_000;

/**
 * Chooses the width of an empty hypertable's chunks by what a sample of the landed batches makes of
 * its query, and by how much is landed a day.
 */
export async function chooseChunks(
  client: ClientBase,
  node: ModelNode,
  relation: Relation,
  sql: string,
  batches: readonly string[],
): Promise<void> {
  const sample = node.usesNewRows ? await sampleOf(client, batches) : undefined;
  if (sample === undefined || sample.readings === 0) return setChunkDays(client, node, relation, 1);
  await enterSlice(client, sample, { shards: [0], of: 1 });
  const time = client.escapeIdentifier(dimensionsOf(node)[0]?.column ?? '');
  const segment = segmentsOf(client, node)
    .map((column) => `${column}, `)
    .join('');
  const { rows } = await client.query<{ rows: number; hours: number; days: number }>(
    `select count(*)::float8 as rows,
        count(distinct (${segment}time_bucket('1 hour', ${time})))::float8 as hours,
        count(distinct (${segment}time_bucket('1 day', ${time})))::float8 as days
      from (\n${sql}\n) as sample`,
  );
  const [counted = { rows: 0, hours: 1, days: 1 }] = rows;
  const anHour = counted.rows / Math.max(1, counted.hours);
  const arrival: Arrival = {
    rowsADay: (counted.rows / sample.readings) * (await readingsADay(client, batches)),
    // a sample may hold an hour of each segment only; where that is a row, a day tells more
    rowsADayOfSegment: anHour >= 2 ? anHour * 24 : counted.rows / Math.max(1, counted.days),
  };
  await setChunkDays(client, node, relation, chunkDaysOf(arrival));
}

/**
 * Fits the chunks to come to what arrives, and merges those that are narrower: some seconds' work a
 * time. Gives what it has done, for people.
 */
export async function followArrival(
  client: ClientBase,
  node: ModelNode,
  relation: Relation,
): Promise<string[]> {
  const days = await adjustChunks(client, node, relation);
  const merged = await mergeChunks(client, relation);
  return [
    ...(days === undefined ? [] : [`chunks of ${countText(days, 'day')} from now on`]),
    ...(merged === 0 ? [] : [`merged ${merged} small chunks`]),
  ];
}

/**
 * Lets the chunks to come be wider or narrower where those that were compressed last hold far less,
 * or far more, than they should. Gives their width in days where it is another one now.
 */
async function adjustChunks(
  client: ClientBase,
  node: ModelNode,
  relation: Relation,
): Promise<number | undefined> {
  const newest = await newestCompressed(client, relation, segmentsOf(client, node));
  if (newest === undefined || newest.rows === 0) return undefined;
  const days = (newest.end - newest.start) / DAY_MS;
  const wanted = chunkDaysOf({
    rowsADay: newest.rows / days,
    rowsADayOfSegment: newest.rows / newest.segments / days,
  });
  const now = (await chunkWidth(client, relation)) / DAY_MS;
  if (wanted < now * 2 && wanted > now / 2) return undefined;
  await setChunkDays(client, node, relation, wanted);
  return wanted;
}

function segmentsOf(client: ClientBase, node: ModelNode): string[] {
  const compression = groupConfig(node, 'compression');
  return namesOf(compression?.segmentby).map((name) => client.escapeIdentifier(name));
}

async function setChunkDays(
  client: ClientBase,
  node: ModelNode,
  relation: Relation,
  days: number,
): Promise<void> {
  if ((await timeWidth(client, relation)) === undefined) {
    throw new BeltError(`${node.name} is cut by no time, so that its chunks can't follow days.`, {
      location: { file: node.path },
      hint: "Write chunk_time_interval as a number of units, in place of 'auto'.",
    });
  }
  await client.query(
    'select set_chunk_time_interval($1::regclass, make_interval(days => $2::integer))',
    [renderRelation(relation), days],
  );
}
