import { Duplex } from 'node:stream';
import type { EmbeddedEngine } from './engine.js';
import { createEmbeddedSession, type EmbeddedSession } from './session.js';
import type { EngineTurns } from './turns.js';

/** What pg takes for a socket, with the embedded engine at its other end. */
export class EmbeddedStream extends Duplex {
  readonly #session: EmbeddedSession;

  constructor(engine: EmbeddedEngine, turns: EngineTurns) {
    super({ allowHalfOpen: false });
    this.#session = createEmbeddedSession(
      engine,
      turns,
      (bytes) => this.push(bytes),
      () => this.push(null),
    );
  }

  connect(): this {
    process.nextTick(() => this.emit('connect'));
    return this;
  }

  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error) => void): void {
    this.#session.receive(chunk).then(() => done(), done);
  }

  override _final(done: (error?: Error) => void): void {
    this.#session.end().then(() => done(), done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#session.end().then(
      () => done(error),
      () => done(error),
    );
  }
}
