import { BeltError } from '../../errors.js';
import type { ModelNode } from '../../project/nodes.js';
import { findMissingRaw, hoursOf, type MissingBatch } from '../../raw/missing-raw.js';
import { missingText } from '../../raw/missing-raw-text.js';
import { eventTimeOf, type TimeWindow } from '../batches/time-window.js';
import { materializedOf } from '../lineage.js';
import { namesConfig } from '../relations/model-config.js';
import { type Decision, type Materialization, refused } from './decision.js';
import type { ModelContext } from './model-context.js';
import { keyIsUnique } from './strategies.js';

/**
 * Decides by `materialization`, and holds the decision against the raw that is there: where some
 * that was landed is gone, a rebuild would leave less than there was. It is refused, or, if missing
 * raw is allowed, keeps what raw can't tell; a model of which that can't be told is not rebuilt.
 */
export async function decideByRaw(
  context: ModelContext,
  materialization: Materialization,
): Promise<Decision> {
  const decision = await materialization.decide(context);
  const { client, node, landedResources, allowsMissingRaw } = context;
  const { kind } = decision;
  if (!['rebuild', 'create'].includes(decision.action) || kind === 'view') return decision;
  const missing = await findMissingRaw(client, landedResources);
  if (missing.length === 0 || !(await isBuiltFromRaw(context))) return decision;
  if (decision.action === 'create') {
    return { ...decision, remark: `It was built from what raw is there: ${missingText(missing)}.` };
  }
  if (!allowsMissingRaw) {
    const fault = missingRawFault(node, missing);
    return refused(decision, fault.message, fault);
  }
  if (canKeepUntold(node)) return { ...decision, untold: { hours: hoursOf(missing) } };
  if (context.fullRefresh) {
    const kept = await materialization.decide({ ...context, fullRefresh: false });
    if (kept.action !== 'rebuild') {
      const why = 'it is not rebuilt, since raw is missing';
      const remark = `${node.name} was not rebuilt: ${missingText(missing)}, and it has no event_time and unique_key by which to keep what raw can't tell.`;
      return { ...kept, reasons: [...kept.reasons, why], remark };
    }
  }
  const fault = unkeepableFault(node, missing);
  return refused(decision, fault.message, fault);
}

/** Whether a model that is built anew asks for new rows, and not only when it goes on. */
async function isBuiltFromRaw({ node, ask, compile }: ModelContext): Promise<boolean> {
  if (!node.asksIncremental) return true;
  const compiled = await ask(() => compile(node, { isIncremental: false }));
  return compiled?.asksNewRows ?? true;
}

/** Whether what raw can't tell is known by its time, and told apart from what it can by a key. */
function canKeepUntold(node: ModelNode): boolean {
  return (
    ['hypertable', 'incremental'].includes(materializedOf(node)) &&
    eventTimeOf(node) !== undefined &&
    namesConfig(node, 'unique_key').length > 0 &&
    keyIsUnique(node)
  );
}

/** What of a window raw can't tell, where that is allowed. Throws a BeltError where it is not. */
export async function missingOfWindow(
  { client, node, landedResources, allowsMissingRaw }: ModelContext,
  window: TimeWindow,
): Promise<readonly MissingBatch[]> {
  const missing = await findMissingRaw(client, landedResources, window);
  if (missing.length > 0 && !allowsMissingRaw) throw missingRawFault(node, missing, window);
  return missing;
}

/** Why a model is not rebuilt from less raw than there was, and what to do about it. */
function missingRawFault(
  node: ModelNode,
  missing: readonly MissingBatch[],
  window?: TimeWindow,
): BeltError {
  return new BeltError(`${node.name} would be left with less: ${missingText(missing, window)}.`, {
    location: { file: node.path },
    hint: `${whereArchived(missing)} Or give --allow-missing-raw: then only what raw can tell is touched.`,
  });
}

function unkeepableFault(node: ModelNode, missing: readonly MissingBatch[]): BeltError {
  return new BeltError(`${node.name} would be left with less: ${missingText(missing)}.`, {
    location: { file: node.path },
    hint: `${whereArchived(missing)} --allow-missing-raw can't keep its rows: for that it is to be incremental or a hypertable, with event_time and unique_key.`,
  });
}

function whereArchived(missing: readonly MissingBatch[]): string {
  const folders = [...new Set(missing.flatMap(({ archives }) => archives))];
  const left = missing.filter(({ archives }) => archives.length === 0).length;
  const restore = folders.map((folder) => `\`belt land --source ${folder}\``).join(' and ');
  if (folders.length === 0) return 'No archive that belt knows holds it.';
  return `Bring it back by ${restore}, and run this again${left > 0 ? ` (${left} of the batches no archive holds)` : ''}.`;
}
