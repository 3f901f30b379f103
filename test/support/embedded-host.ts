import { type ChildProcess, fork } from 'node:child_process';
import { resolve } from 'node:path';
import { ENGINE_FLAGS } from './processes.js';

interface Answer {
  readonly id: number;
  readonly url?: string;
  readonly fault?: string;
}

interface Waiting {
  done(url: string): void;
  fail(error: Error): void;
}

let host: ChildProcess | undefined;
let asked = 0;
const waiting = new Map<number, Waiting>();

/** Opens the embedded database of a folder in a process of this test file. Gives its URL. */
export function openEmbedded(folder: string): Promise<string> {
  return ask('open', folder);
}

/** Closes it, so that another process may open it. */
export async function closeEmbedded(folder: string): Promise<void> {
  await ask('close', folder);
}

/** One process for all databases of a test file: the engine is compiled once, which takes a second. */
function ask(action: 'open' | 'close', folder: string): Promise<string> {
  host ??= startHost();
  const { send } = host;
  const id = ++asked;
  return new Promise((done, fail) => {
    waiting.set(id, { done, fail });
    send.call(host, { id, action, folder });
  });
}

function startHost(): ChildProcess {
  const child = fork(resolve('test/support/embedded-host.mjs'), { execArgv: [...ENGINE_FLAGS] });
  child.on('message', ({ id, url, fault }: Answer) => {
    const answered = waiting.get(id);
    waiting.delete(id);
    if (fault === undefined) answered?.done(url ?? '');
    else answered?.fail(new Error(fault));
  });
  child.on('exit', (code, signal) => {
    host = undefined;
    for (const { fail } of waiting.values()) {
      fail(new Error(`The process of the embedded engine ended with ${code ?? signal}.`));
    }
    waiting.clear();
  });
  // the test file does not wait for it
  child.unref();
  child.channel?.unref();
  return child;
}
