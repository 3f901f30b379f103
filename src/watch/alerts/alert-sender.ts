import type { Pool } from 'pg';
import { inTransaction, withClient } from '../../database/transaction.js';
import type { Project } from '../../project/project.js';
import { AlarmClock } from '../alarm-clock.js';
import { backoffMs } from '../backoff.js';
import type { Faults } from '../faults.js';
import { addReceivers, isFirstLook, type Notice, noteAlerts, notifyingModel } from './notices.js';
import type { Receiver } from './receivers.js';
import { send } from './send.js';

/**
 * Between looks at all alerts. Those in between look at what changed since the one before the last
 * of them, as a transform of that length may have been committed meanwhile.
 */
const WHOLE_LOOK_MS = 10 * 60_000;

/** Days that deliveries are kept after they were sent. */
const KEPT_DAYS = 30;

interface Pending {
  readonly no: string;
  readonly id: string;
  readonly notice: Notice;
}

export interface AlertListener {
  onDelivered(receiver: string, notice: Notice): void;
  onRefused(receiver: string, notice: Notice, reason: string): void;
}

/** Tells receivers of alerts, each in the order of what happened, and each of all. */
export class AlertSender {
  readonly #pool: Pool;
  readonly #receivers: readonly Receiver[];
  readonly #faults: Faults;
  readonly #listener: AlertListener;
  readonly #clocks: ReadonlyMap<string, AlarmClock>;
  #wholeLookAt: Date | undefined;
  #restUntil = 0;

  constructor(pool: Pool, receivers: readonly Receiver[], faults: Faults, listener: AlertListener) {
    this.#pool = pool;
    this.#receivers = receivers;
    this.#faults = faults;
    this.#listener = listener;
    this.#clocks = new Map(receivers.map(({ name }) => [name, new AlarmClock()]));
  }

  /**
   * Notes what is new of the project's alerts, to be sent. `mayWait` where nothing was transformed: then
   * only the clock opens and closes alerts, and looking takes a twentieth of the time at the most.
   */
  async note(project: Project, mayWait: boolean): Promise<void> {
    const model = notifyingModel(project);
    if (model === undefined || (mayWait && performance.now() < this.#restUntil)) return;
    const start = performance.now();
    const names = this.#receivers.map(({ name }) => name);
    const now = new Date();
    const last = this.#wholeLookAt;
    const isWhole = last === undefined || now.getTime() - last.getTime() > WHOLE_LOOK_MS;
    const since = isWhole ? undefined : new Date(last.getTime() - WHOLE_LOOK_MS);
    await withClient(this.#pool, (client) =>
      inTransaction(client, async () => {
        const isFirst = last === undefined && (await isFirstLook(client));
        if (last === undefined) await addReceivers(client, model, names);
        await noteAlerts(client, model, names, { since, isFirst });
        if (isWhole) await forgetOld(client);
      }),
    );
    if (isWhole) this.#wholeLookAt = now;
    const end = performance.now();
    this.#restUntil = end + 20 * (end - start);
    for (const clock of this.#clocks.values()) clock.ring();
  }

  /** Sends what is noted, until the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#receivers.map((receiver) => this.#serve(receiver, signal)));
  }

  async #serve(receiver: Receiver, signal: AbortSignal): Promise<void> {
    const clock = this.#clocks.get(receiver.name) as AlarmClock;
    const step = `webhook ${receiver.name}`;
    let failures = 0;
    while (!signal.aborted) {
      try {
        const isDone = await this.#sendNext(receiver, signal);
        if (failures > 0) this.#faults.clear(step);
        failures = 0;
        if (isDone) await clock.sleep(60_000, signal);
      } catch (error) {
        if (signal.aborted) return;
        this.#faults.raise(step, error);
        failures++;
        await new AlarmClock().sleep(backoffMs(failures), signal);
      }
    }
  }

  /** Sends the next delivery of a receiver. Gives whether there was none. Throws if it was not taken. */
  async #sendNext(receiver: Receiver, signal: AbortSignal): Promise<boolean> {
    const pending = await this.#next(receiver.name);
    if (pending === undefined) return true;
    const { no, id, notice } = pending;
    const sent = await send(receiver, { id, notice }, signal);
    // it may have been taken all the same: what is not noted as sent is sent again, with the same id
    if (sent.kind === 'failed' && signal.aborted) return false;
    await this.#pool.query(
      `update belt.alert_delivery set attempts = attempts + 1, last_error = $2,
          sent_at = case when $3 = 'taken' then clock_timestamp() end,
          refused_at = case when $3 = 'refused' then clock_timestamp() end
        where delivery_no = $1`,
      [no, sent.kind === 'taken' ? null : sent.reason, sent.kind],
    );
    if (sent.kind === 'taken') this.#listener.onDelivered(receiver.name, notice);
    if (sent.kind === 'refused') this.#listener.onRefused(receiver.name, notice, sent.reason);
    if (sent.kind === 'failed') {
      throw new Error(`The webhook ${receiver.name} does not take alerts: ${sent.reason}.`);
    }
    return false;
  }

  async #next(receiver: string): Promise<Pending | undefined> {
    const { rows } = await this.#pool.query<Pending>(
      `select delivery_no as no, delivery_id as id, notice from belt.alert_delivery
        where receiver = $1 and sent_at is null and refused_at is null
        order by delivery_no limit 1`,
      [receiver],
    );
    return rows[0];
  }
}

async function forgetOld(client: Pick<Pool, 'query'>): Promise<void> {
  await client.query(
    `delete from belt.alert_delivery where sent_at < now() - $1 * interval '1 day'`,
    [KEPT_DAYS],
  );
}
