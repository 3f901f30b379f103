import { RESOURCES } from '../raw/resources.js';
import { AlarmClock } from './alarm-clock.js';
import { backoffMs } from './backoff.js';
import type { Round } from './pipeline.js';
import { SourceChanges } from './source-changes.js';

/** Milliseconds after which a file that may have been half written is looked at again. */
const UNSETTLED_MS = 2100;

export interface RoundsOptions {
  readonly source: string;
  /** From the beginning of a look at the source to the next one, where nothing tells of a change before. */
  readonly everyMs: number;
  readonly signal: AbortSignal;
}

/** Goes round until the signal is aborted: what fails is tried again, later each time. */
export async function goRound(round: () => Promise<Round>, options: RoundsOptions): Promise<void> {
  const { source, everyMs, signal } = options;
  const clock = new AlarmClock();
  const changes = new SourceChanges(() => clock.ring());
  let failures = 0;
  try {
    while (!signal.aborted) {
      const start = performance.now();
      // before the look, so that what changes from then on is told
      changes.follow(source, RESOURCES);
      const { isGood, unsettled } = await round();
      failures = isGood ? 0 : failures + 1;
      if (isGood) {
        const next = unsettled > 0 ? Math.min(everyMs, UNSETTLED_MS) : everyMs;
        await clock.sleep(Math.max(0, next - (performance.now() - start)), signal);
      } else {
        // changes do not wake it, as they would not mend what is wrong
        await new AlarmClock().sleep(backoffMs(failures), signal);
      }
    }
  } finally {
    changes.close();
  }
}
