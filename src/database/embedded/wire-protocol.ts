import { skipComments } from '../../sql-comments.js';

/** One message of PostgreSQL's frontend protocol, with its header. */
export interface FrontendMessage {
  /** The type byte as a character; '' for the untyped messages that open a connection. */
  readonly type: string;
  readonly bytes: Buffer;
}

/** Codes of the untyped messages that open a connection. */
export const SSL_REQUEST = 80877103;
export const GSS_REQUEST = 80877104;
export const CANCEL_REQUEST = 80877102;

/** Cuts a byte stream into frontend messages; keeps what is incomplete until more comes. */
export class FrontendMessageReader {
  #pending: Buffer[] = [];
  #pendingLength = 0;
  #started = false;

  /** Adds bytes and gives every message that is now complete. */
  push(chunk: Buffer): FrontendMessage[] {
    this.#pending.push(chunk);
    this.#pendingLength += chunk.length;
    const messages: FrontendMessage[] = [];
    for (let message = this.#take(); message !== undefined; message = this.#take()) {
      messages.push(message);
    }
    return messages;
  }

  /** The connection was told that TLS or GSS is not offered: its startup message comes next. */
  expectStartup(): void {
    this.#started = false;
  }

  #take(): FrontendMessage | undefined {
    const header = this.#started ? 5 : 4;
    if (this.#pendingLength < header) return undefined;
    const head = this.#peek(header);
    const length = head.readInt32BE(header - 4) + (header - 4);
    if (this.#pendingLength < length) return undefined;
    const type = this.#started ? String.fromCharCode(head[0] ?? 0) : '';
    const bytes = this.#consume(length);
    this.#started = true;
    return { type, bytes };
  }

  #peek(length: number): Buffer {
    const first = this.#pending[0];
    if (first !== undefined && first.length >= length) return first.subarray(0, length);
    this.#pending = [Buffer.concat(this.#pending)];
    return (this.#pending[0] as Buffer).subarray(0, length);
  }

  #consume(length: number): Buffer {
    const first = this.#pending[0];
    const whole =
      first !== undefined && first.length >= length ? first : Buffer.concat(this.#pending);
    const rest = whole.subarray(length);
    const others = whole === first ? this.#pending.slice(1) : [];
    this.#pending = rest.length > 0 ? [rest, ...others] : others;
    this.#pendingLength -= length;
    return whole.subarray(0, length);
  }
}

/** A message of either side: type byte, length, body. */
export function typedMessage(type: string, body: Buffer): Buffer {
  const message = Buffer.allocUnsafe(5 + body.length);
  message.write(type, 0, 'latin1');
  message.writeInt32BE(4 + body.length, 1);
  body.copy(message, 5);
  return message;
}

/** An ErrorResponse with severity, SQLSTATE, message and hint. */
export function errorResponse(code: string, message: string, hint: string): Buffer {
  const fields = [`SERROR`, `VERROR`, `C${code}`, `M${message}`, `H${hint}`];
  return typedMessage('E', Buffer.from(`${fields.join('\0')}\0\0`));
}

export function readyForQuery(status: string): Buffer {
  return typedMessage('Z', Buffer.from(status, 'latin1'));
}

/** What a backend says once a connection is accepted. */
export function startupResponse(parameters: Readonly<Record<string, string>>): Buffer {
  const authenticationOk = typedMessage('R', Buffer.from([0, 0, 0, 0]));
  const statuses = Object.entries(parameters).map(([name, value]) =>
    typedMessage('S', Buffer.from(`${name}\0${value}\0`)),
  );
  const keyData = typedMessage('K', Buffer.alloc(8));
  return Buffer.concat([authenticationOk, ...statuses, keyData, readyForQuery('I')]);
}

/** CopyInResponse: the backend waits for the rows of a COPY, in text or binary format. */
export function copyInResponse(binary: boolean): Buffer {
  return typedMessage('G', Buffer.from([binary ? 1 : 0, 0, 0]));
}

/** Splits what the backend answered into messages: type and bytes. */
export function* backendMessages(bytes: Buffer): Generator<{ type: string; bytes: Buffer }> {
  for (let at = 0; at + 5 <= bytes.length; ) {
    const end = at + 1 + bytes.readInt32BE(at + 1);
    yield { type: String.fromCharCode(bytes[at] ?? 0), bytes: bytes.subarray(at, end) };
    at = end;
  }
}

/** The SQL of a Query message. */
export function queryText(message: FrontendMessage): string {
  return message.bytes.toString('utf8', 5, message.bytes.length - 1);
}

/** Whether a statement is a COPY that waits for rows from the client, and in which format. */
export function copyFromStdin(sql: string): { binary: boolean } | undefined {
  const statement = sql.slice(skipComments(sql));
  if (!/^copy\b/i.test(statement)) return undefined;
  const match = /\bfrom\s+stdin\b([\s\S]*)$/i.exec(statement);
  if (match === null) return undefined;
  return { binary: /\bbinary\b/i.test(match[1] ?? '') };
}
