import type { ClientBase } from 'pg';
import { inTransaction, withoutDeadlock } from '../../database/transaction.js';
import { BeltError } from '../../errors.js';
import { countText } from '../../format.js';
import type { Relation } from '../../project/relation.js';
import type { CompiledModel } from '../../project/templates/compile.js';
import { recordPiece } from '../batches/ledger.js';
import { type Lane, type Pending, planLanes } from '../batches/pieces.js';
import { parallelBy } from '../batches/shards.js';
import { enterSlice } from '../batches/slices.js';
import { prepareChunks } from '../catalog/prepare-chunks.js';
import { materializedOf } from '../lineage.js';
import { PieceFault } from '../piece-fault.js';
import { liftDecompressionLimit } from '../timescale/hypertables.js';
import type { ModelContext } from './model-context.js';
import { runStatements, writingOf } from './writing.js';

/** The lanes of a model with parallel_by for the sessions of the run; undefined for another one. */
export async function lanesOfModel(
  context: ModelContext,
  batches: readonly string[],
  empty: boolean,
): Promise<Lane[] | undefined> {
  const { client, node, sessions } = context;
  const pending = pendingOf(context, batches, empty);
  // is_incremental() is false while it is first built, and so is asked once in each lane
  const whole = empty && node.asksIncremental ? [Number.MAX_SAFE_INTEGER] : [];
  return pending && planLanes(client, pending, sessions, ...whole);
}

/** What of a model with parallel_by is to be done; undefined for another one. */
export function pendingOf(
  { node, landedResources: resources }: ModelContext,
  batches: readonly string[],
  empty: boolean,
): Pending | undefined {
  const column = parallelBy(node);
  return column === undefined
    ? undefined
    : { node: node.uniqueId, column, resources, batches, empty };
}

/**
 * Writes into `target` what a model with parallel_by selects of its batches, by all sessions that
 * are free: each piece is a transaction, noted in the ledger with its rows unless the target is
 * `empty`. A piece that fails holds up what follows it in its lane. Gives the rows written.
 */
export async function writePieces(
  context: ModelContext,
  target: Relation,
  compiled: CompiledModel,
  batches: readonly string[],
  empty: boolean,
): Promise<number> {
  const { client, node, sessions, landedResources } = context;
  const { statements } = await inTransaction(client, () => writingOf(context, target, compiled));
  const lanes = (await lanesOfModel(context, batches, empty)) ?? [];
  if (sessions > 1 && lanes.length > 1 && materializedOf(node) === 'hypertable') {
    // it only spares them waiting for each other
    const prepare = () => prepareChunks(client, target, landedResources, batches, false);
    await inTransaction(client, prepare).catch(() => undefined);
  }
  const header = compiled.header === undefined ? [] : [compiled.header];
  return runLanes(context, lanes, { header, statements, empty });
}

/** What each piece of some lanes runs. */
export interface PieceWork {
  /** Settings of its transaction. */
  readonly header: readonly string[];
  /** What writes its rows. */
  readonly statements: readonly string[];
  /** Whether nothing is noted, as the target is built anew. */
  readonly empty: boolean;
}

/** Runs the pieces of lanes by all sessions that are free. Gives the rows written. */
export async function runLanes(
  context: ModelContext,
  lanes: readonly Lane[],
  { header, statements, empty }: PieceWork,
): Promise<number> {
  const { node, signal } = context;
  const pieces = lanes.flatMap(({ slices }) => slices);
  const readings = pieces.reduce((sum, slice) => sum + slice.readings, 0);
  const done = { rows: 0, readings: 0, pieces: 0 };
  let isBroken = false;
  context.onProgress(0, readings);
  const write = (session: ClientBase, lane: Lane, slice: Lane['slices'][number]) =>
    withoutDeadlock(() =>
      inTransaction(session, async () => {
        if (!empty) await recordPiece(session, node.uniqueId, lane.shards, slice);
        for (const setting of header) await session.query(setting);
        if (materializedOf(node) === 'hypertable') await liftDecompressionLimit(session);
        await enterSlice(session, slice, lane);
        return runStatements(session, statements);
      }),
    );
  const faults = await context.share(lanes, async (lane, session) => {
    for (const slice of lane.slices) {
      // nothing of a relation that is built anew is kept without all of it
      if (empty && isBroken) return;
      if (signal.aborted) throw new BeltError('It was stopped.');
      try {
        const written = await write(session, lane, slice);
        done.rows += written;
      } catch (error) {
        isBroken = true;
        throw error;
      }
      done.pieces++;
      done.readings += slice.readings;
      context.onProgress(done.readings, readings);
      // a checkpoint keeps the write-ahead log, and so the time of the next opening, short
      if (context.checkpoints) await session.query('checkpoint');
    }
  });
  if (faults.length === 0) return done.rows;
  throw new PieceFault(
    faults[0],
    empty
      ? 'Nothing of it is kept: the next run builds it anew.'
      : `Done and kept: ${done.pieces} of ${countText(pieces.length, 'piece')}; the next run goes on with the others.`,
  );
}
