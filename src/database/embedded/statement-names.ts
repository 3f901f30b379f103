import { type FrontendMessage, typedMessage } from './wire-protocol.js';

/**
 * Puts `prefix` before the name of every prepared statement and portal of a message, since all
 * sessions of the embedded engine share one backend, and drivers choose the same names.
 */
export function namespaceStatements(message: FrontendMessage, prefix: string): Buffer {
  const body = message.bytes.subarray(5);
  switch (message.type) {
    case 'P':
      return rebuild(message.type, [prefixed(body, 0, prefix)], body);
    case 'B': {
      const portal = prefixed(body, 0, prefix);
      const statement = prefixed(body, portal.end, prefix);
      return rebuild(message.type, [portal, statement], body);
    }
    case 'E':
      return rebuild(message.type, [prefixed(body, 0, prefix)], body);
    case 'D':
    case 'C': {
      const kind = { text: body.subarray(0, 1), end: 1 };
      return rebuild(message.type, [kind, prefixed(body, 1, prefix)], body);
    }
    default:
      return message.bytes;
  }
}

interface Field {
  readonly text: Buffer;
  /** Where the next field begins in the original body. */
  readonly end: number;
}

function prefixed(body: Buffer, start: number, prefix: string): Field {
  const end = body.indexOf(0, start) + 1;
  const name = body.subarray(start, end);
  // the unnamed statement lives only until the next one, within a turn
  return { text: name.length > 1 ? Buffer.concat([Buffer.from(prefix), name]) : name, end };
}

function rebuild(type: string, fields: readonly Field[], body: Buffer): Buffer {
  const rest = body.subarray(fields.at(-1)?.end ?? 0);
  const content = Buffer.concat([...fields.map((field) => field.text), rest]);
  return typedMessage(type, content);
}
