import { bodyOf, type Delivery, type Receiver } from './receivers.js';

const TIMEOUT_MS = 15_000;

/** What became of a delivery that was sent. */
export type Sent =
  | { readonly kind: 'taken' }
  /** The receiver says that it is wrong: it would be so again. */
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'failed'; readonly reason: string };

/** Answers by which a receiver says that what it is sent is wrong, and not that it can't take it now. */
const REFUSALS = [400, 413, 415, 422];

/** Sends a delivery. What is told of a failure never holds the URL. */
export async function send(
  { kind, url, authorization }: Receiver,
  delivery: Delivery,
  signal: AbortSignal,
): Promise<Sent> {
  // not AbortSignal.any(), which keeps each of its signals for as long as the one that lives longest
  const controller = new AbortController();
  const stop = () => controller.abort();
  const timer = setTimeout(() => controller.abort(TIMED_OUT), TIMEOUT_MS);
  signal.addEventListener('abort', stop, { once: true });
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'idempotency-key': delivery.id,
        'user-agent': 'belt',
        ...(authorization === undefined ? {} : { authorization }),
      },
      body: JSON.stringify(bodyOf(kind, delivery)),
      // a redirection would take the secrets elsewhere
      redirect: 'error',
      signal: controller.signal,
    });
    await response.body?.cancel();
    if (response.ok) return { kind: 'taken' };
    const reason = `it answered ${response.status} ${response.statusText}`.trimEnd();
    return { kind: REFUSALS.includes(response.status) ? 'refused' : 'failed', reason };
  } catch (error) {
    return { kind: 'failed', reason: reasonOf(error) };
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
  }
}

const TIMED_OUT = new Error('timed out');

function reasonOf(error: unknown): string {
  if (error === TIMED_OUT) return `it did not answer in ${TIMEOUT_MS / 1000} s`;
  const { cause } = error as { cause?: { code?: string; message?: string } };
  if (cause?.message === 'unexpected redirect') return 'it redirects elsewhere';
  return `there is no connection${cause?.code === undefined ? '' : ` (${cause.code})`}`;
}
