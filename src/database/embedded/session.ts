import { setImmediate as nextTick } from 'node:timers/promises';
import type { EmbeddedEngine } from './engine.js';
import { namespaceStatements } from './statement-names.js';
import type { EngineTurns } from './turns.js';
import {
  backendMessages,
  CANCEL_REQUEST,
  copyFromStdin,
  copyInResponse,
  errorResponse,
  type FrontendMessage,
  FrontendMessageReader,
  GSS_REQUEST,
  queryText,
  readyForQuery,
  SSL_REQUEST,
  startupResponse,
  typedMessage,
} from './wire-protocol.js';

/** Rows of a COPY that are gathered at the most: the engine takes a COPY only as one buffer. */
const MAX_COPY_BYTES = 256 * 1024 * 1024;

/**
 * The engine is started with a search_path that leaves out its own schema, public. By belt.engine
 * belt knows it again where another process serves it.
 */
const SESSION_SETTINGS =
  "set search_path = public; set timezone = 'UTC'; set belt.engine = 'embedded'";

/** One client's conversation with the embedded engine. */
export interface EmbeddedSession {
  /** Takes bytes from the client; resolves when they are dealt with; answers go to `reply`. */
  receive(chunk: Buffer): Promise<void>;
  /** The client has gone: ends its transaction, its statements and its turn. */
  end(): Promise<void>;
}

interface Copy {
  readonly query: Buffer;
  readonly rows: Buffer[];
  bytes: number;
}

let sessions = 0;

/**
 * Speaks the backend's side of the wire protocol for one client. `onTerminate` is called when the
 * client says goodbye.
 */
export function createEmbeddedSession(
  engine: EmbeddedEngine,
  turns: EngineTurns,
  reply: (bytes: Buffer) => void,
  onTerminate: () => void,
): EmbeddedSession {
  const holder = {};
  const prefix = `belt${++sessions}_`;
  const reader = new FrontendMessageReader();
  let status = 'I';
  let extended: Buffer[] = [];
  let named = false;
  let copy: Copy | undefined;
  let queue = Promise.resolve();
  let ended = false;

  async function exchange(messages: Buffer): Promise<Buffer> {
    await turns.take(holder);
    // the engine computes in this thread: let timers and signals in between
    await nextTick();
    const answer = Buffer.from(await engine.send(messages));
    for (const message of backendMessages(answer)) {
      if (message.type === 'Z') status = String.fromCharCode(message.bytes[5] ?? 0x49);
    }
    return answer;
  }

  function releaseIfIdle(): void {
    if (status === 'I' && copy === undefined) turns.release(holder);
  }

  async function forward(messages: Buffer): Promise<void> {
    const answer = await exchange(messages);
    releaseIfIdle();
    reply(answer);
  }

  async function finishCopy(ending: Buffer): Promise<void> {
    const { query, rows } = copy as Copy;
    copy = undefined;
    const answer = await exchange(Buffer.concat([query, ...rows, ending]));
    releaseIfIdle();
    // the client was told already that rows may come
    const rest = [...backendMessages(answer)].filter((message) => message.type !== 'G');
    reply(Buffer.concat(rest.map((message) => message.bytes)));
  }

  async function duringCopy(message: FrontendMessage, gathered: Copy): Promise<void> {
    switch (message.type) {
      case 'd':
        gathered.bytes += message.bytes.length;
        if (gathered.bytes > MAX_COPY_BYTES) {
          gathered.rows.length = 0;
        } else {
          gathered.rows.push(message.bytes);
        }
        return;
      case 'c':
        if (gathered.bytes <= MAX_COPY_BYTES) return finishCopy(message.bytes);
        return finishCopy(
          copyFail(`belt's embedded engine takes at most ${MAX_COPY_BYTES >> 20} MB in one COPY`),
        );
      case 'f':
        return finishCopy(message.bytes);
      default:
        return;
    }
  }

  async function handle(message: FrontendMessage): Promise<void> {
    if (ended) return;
    if (message.type === '') return handleStartup(message);
    if (copy !== undefined) return duringCopy(message, copy);
    switch (message.type) {
      case 'Q': {
        const format = copyFromStdin(queryText(message));
        if (format === undefined) return forward(message.bytes);
        copy = { query: message.bytes, rows: [], bytes: 0 };
        reply(copyInResponse(format.binary));
        return;
      }
      case 'P':
        if (copyFromStdin(parsedSql(message)) !== undefined) {
          reply(
            Buffer.concat([
              errorResponse(
                '0A000',
                'COPY FROM STDIN needs the simple query protocol here',
                'Send it without parameters and without preparing it.',
              ),
              readyForQuery(status),
            ]),
          );
          return;
        }
        named ||= message.bytes[5] !== 0;
        extended.push(namespaceStatements(message, prefix));
        return;
      case 'B':
      case 'D':
      case 'E':
      case 'C':
        extended.push(namespaceStatements(message, prefix));
        return;
      case 'S':
      case 'H': {
        const messages = Buffer.concat([...extended, message.bytes]);
        extended = [];
        return forward(messages);
      }
      case 'X':
        await end();
        onTerminate();
        return;
      default:
        return forward(message.bytes);
    }
  }

  async function handleStartup(message: FrontendMessage): Promise<void> {
    const code = message.bytes.readInt32BE(4);
    if (code === SSL_REQUEST || code === GSS_REQUEST) {
      reader.expectStartup();
      reply(Buffer.from('N'));
    } else if (code === CANCEL_REQUEST) {
      onTerminate();
    } else {
      await exchange(simpleQuery(SESSION_SETTINGS));
      releaseIfIdle();
      reply(startupResponse(engine.parameters));
    }
  }

  async function end(): Promise<void> {
    if (ended) return;
    ended = true;
    copy = undefined;
    try {
      if (status !== 'I') await exchange(simpleQuery('ROLLBACK'));
      if (named) await exchange(simpleQuery(deallocate(prefix)));
    } catch {
      // the engine was closed before the client had said goodbye: nothing is left to tidy
    }
    turns.release(holder);
  }

  return {
    receive(chunk) {
      queue = queue.then(async () => {
        for (const message of reader.push(chunk)) await handle(message);
      });
      return queue;
    },
    end() {
      queue = queue.then(end, end);
      return queue;
    },
  };
}

function parsedSql(message: FrontendMessage): string {
  const start = message.bytes.indexOf(0, 5) + 1;
  return message.bytes.toString('utf8', start, message.bytes.indexOf(0, start));
}

function deallocate(prefix: string): string {
  return `do $$ declare statement text; begin
    for statement in select name from pg_prepared_statements where starts_with(name, '${prefix}')
    loop execute format('deallocate %I', statement); end loop; end $$`;
}

function simpleQuery(sql: string): Buffer {
  return typedMessage('Q', Buffer.from(`${sql}\0`));
}

function copyFail(reason: string): Buffer {
  return typedMessage('f', Buffer.from(`${reason}\0`));
}
